"""Duplicate stories: the same words, a repeated passage, nearly the same words, the same meaning."""
