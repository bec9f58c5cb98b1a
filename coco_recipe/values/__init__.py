"""Kinds of values that flow from step to step, and the shipped ones."""
