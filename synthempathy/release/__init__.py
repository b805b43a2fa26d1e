"""The corpus as others receive it: data, dataset card, provenance."""
