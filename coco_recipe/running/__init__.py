"""From a plan to committed results: what a run opens, does, keeps and records."""
