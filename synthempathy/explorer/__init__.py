"""The explorer: the run as a static site that opens from disk."""
