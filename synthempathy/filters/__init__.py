"""Curation: what the corpus may hold. The stages dedup, filter and split, one file an algorithm or rule."""
