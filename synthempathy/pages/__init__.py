"""Pages that open from disk: one file each, no network, and everything in the data is shown and nothing of it obeyed."""
