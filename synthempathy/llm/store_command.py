"""Show what the response store holds, verify its checksums, prune the damaged answers, or merge those of other machines.

    synthempathy store show|verify|prune [--store .synthempathy/store.sqlite]
    synthempathy store merge INTO FROM...

`prune` deletes damaged answers alone, unless --step, --model or --all names others. `merge` takes the good answers of each FROM
into INTO (made if missing); an answer that INTO has stays as it is. Each FROM is left as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.harmless import harmless
from synthempathy.core.progress import tell
from synthempathy.llm.store import Store
from synthempathy.llm.store_merge import merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `synthempathy store`."""
    parser.add_argument("action", choices=("show", "verify", "prune", "merge"))
    parser.add_argument("stores", type=Path, nargs="*", help="merge: the store that takes, then those that it takes from")
    parser.add_argument("--store", type=Path, default=Path(".synthempathy/store.sqlite"), help="default: %(default)s")
    parser.add_argument("--step", help="prune: delete all answers of this step")
    parser.add_argument("--model", help="prune: delete all answers of this model (with --step: those of both)")
    parser.add_argument("--all", action="store_true", help="prune: delete every answer")


def run(given: argparse.Namespace) -> None:
    """Do what `given.action` says. InputError where there is no store, and for damage that `verify` finds."""
    if given.action == "merge":
        merge_all(given.stores)
        return
    if given.stores:
        raise InputError("is for merge alone", field="stores", value=str(given.stores[0]), hint="give --store")
    if not given.store.is_file():
        raise InputError("no such store", file=given.store, hint="run a generation step, or give --store")
    with Store(given.store) as store:
        match given.action:
            case "show":
                show(store)
            case "verify":
                damaged = store.damaged()
                tell(f"{len(damaged)} damaged rows")
                if damaged:
                    raise InputError(f"{len(damaged)} damaged rows", file=given.store, hint="prune them")
            case "prune":
                chosen = given.all or given.step or given.model
                keys = store.keys(given.step, given.model) if chosen else store.damaged()
                tell(f"{store.prune(keys)} rows deleted")


def merge_all(stores: Sequence[Path]) -> None:
    """Merge all but the first of `stores` into it. InputError, before anything is written, where one of them is none."""
    if len(stores) < 2:
        raise InputError("merge wants the store that takes, and at least one to take from", field="stores")
    into, *others = stores
    for other in others:
        if not other.is_file():
            raise InputError("no such store", file=other, hint="nothing was merged")
        if into.exists() and other.samefile(into):
            raise InputError("is merged into itself", file=other, hint="nothing was merged")
    with Store(into) as store:
        for other in others:
            found = merge(store, other)
            damaged = f", {found.damaged:,} damaged left out" if found.damaged else ""
            tell(f"{other}: {found.taken:,} answers taken, {found.kept:,} there before{damaged}")
        tell(f"{len(store.keys()):,} answers in {into}")


def show(store: Store) -> None:
    """Print what the store holds, by step, model and engine."""
    from rich.console import Console
    from rich.table import Table

    table = Table("step", "model", "engine", "ended by", "rows", "tokens", "seconds", "kWh")
    for *names, rows, tokens, seconds, kwh in store.counts():
        by = (harmless(str(name)) for name in names)
        table.add_row(*by, f"{rows:,}", f"{tokens:,}", f"{seconds:,.1f}", "-" if kwh is None else f"{kwh:.4f}")
    Console(width=120).print(table, markup=False)
    tell(f"{len(store.keys()):,} answers in {store.path}, {store.path.stat().st_size / 1e6:.1f} MB")
