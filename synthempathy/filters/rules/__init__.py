"""The rules of `filter`: one a file, each Pair -> Verdict | None; `order.py` states their order."""
