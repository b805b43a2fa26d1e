"""Stress sentences that stories grow from."""
