"""Lint: what is doubtful in an experiment, though it runs."""
