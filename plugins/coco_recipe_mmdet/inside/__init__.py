"""What runs in the process of a job, and nowhere else: it may import mmdet, mmengine and torch at once."""
