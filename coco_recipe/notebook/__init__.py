"""What a notebook shows of data sets and runs, and tables of them for pandas."""
