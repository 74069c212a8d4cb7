"""The figures of the engineer's dashboard: an index over all runs, and what is asked of it."""
