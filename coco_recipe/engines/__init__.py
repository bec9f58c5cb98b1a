"""Where the work of a step runs: in this process, in worker processes, or on Dask."""
