"""Pictures of a data set: which ones to look at, and a sheet or a page of them."""
