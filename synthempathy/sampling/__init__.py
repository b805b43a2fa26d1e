"""Which temperature and top_p: a grid over the two, diversity of the answers against their coherence."""
