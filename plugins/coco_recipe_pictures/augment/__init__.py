"""The step augment: which copies are made, how one is made, and their books."""
