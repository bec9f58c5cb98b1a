"""Who watches a run: observers, and the command line's display."""
