"""What every room may use: records, params, ledger, files, progress, errors. Knows no other room."""
