"""Reference memory models: what small programs may do, in a few lines each."""
