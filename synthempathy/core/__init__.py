"""What every package may use: records, parameters, ledger, files, progress, errors, threads. Knows no other package."""
