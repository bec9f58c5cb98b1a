"""What runs in the process of a job only, and may import mmdet, mmengine and torch."""
