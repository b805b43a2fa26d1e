"""`python -m synthempathy`, where the command `synthempathy` is not installed."""

from synthempathy.cli import main

main()
