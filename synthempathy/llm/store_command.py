"""Show what the response store holds, verify its checksums, or prune the damaged answers.

    synthempathy store show|verify|prune [--store .synthempathy/store.sqlite]

`prune` deletes damaged answers alone, unless --step, --model or --all names others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.llm.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy store`."""
    parser.add_argument("action", choices=("show", "verify", "prune"))
    parser.add_argument("--store", type=Path, default=Path(".synthempathy/store.sqlite"), help="default: %(default)s")
    parser.add_argument("--step", help="prune: delete all answers of this step")
    parser.add_argument("--model", help="prune: delete all answers of this model (with --step: those of both)")
    parser.add_argument("--all", action="store_true", help="prune: delete every answer")


def run(given: argparse.Namespace) -> None:
    """Do what `given.action` says. InputError where there is no store, and for damage that `verify` finds."""
    if not given.store.is_file():
        raise InputError("no such store", file=given.store, hint="run a generation step, or give --store")
    with Store(given.store) as store:
        match given.action:
            case "show":
                show(store)
            case "verify":
                damaged = store.damaged()
                print(f"{len(damaged)} damaged rows")
                if damaged:
                    raise InputError(f"{len(damaged)} damaged rows", file=given.store, hint="prune them")
            case "prune":
                chosen = given.all or given.step or given.model
                keys = store.keys(given.step, given.model) if chosen else store.damaged()
                print(f"{store.prune(keys)} rows deleted")


def show(store: Store) -> None:
    """Print what the store holds, by step, model and engine."""
    from rich.console import Console
    from rich.table import Table

    table = Table("step", "model", "engine", "ended by", "rows", "tokens", "seconds", "kWh")
    for *names, rows, tokens, seconds, kwh in store.counts():
        table.add_row(*names, f"{rows:,}", f"{tokens:,}", f"{seconds:,.1f}", "-" if kwh is None else f"{kwh:.4f}")
    Console(width=120).print(table, markup=False)
    print(f"{len(store.keys()):,} answers in {store.path}, {store.path.stat().st_size / 1e6:.1f} MB")
