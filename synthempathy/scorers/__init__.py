"""Scorers of pairs: a folder a kind, behind one interface (base.py); made and loaded by kinds.py."""
