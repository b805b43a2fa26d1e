"""What the three generation steps ask, and which answers they accept."""
