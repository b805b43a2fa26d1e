"""synthempathy: an empathy corpus made by LLMs, and the proof of what it is worth. `stages/` is its pipeline."""
