"""What any trainer needs: a job in a process of its own, the record of a training, COCO metrics."""
