"""Pictures that show the same: hashes, the search for them, and the step that fails on them."""
