"""What is kept of a run's values while they go by: figures, and rows to look at."""
