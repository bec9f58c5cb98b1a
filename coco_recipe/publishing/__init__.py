"""Show results in folders of the user's, and touch no file that isn't ours."""
