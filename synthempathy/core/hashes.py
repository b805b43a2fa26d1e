"""Hashes of large files, computed once for each change: every stage of a run asks for those of the same weights.

A hash is kept with what the file system says of the file (size, times, inode), in the project's own folder. A file that
changed in the last seconds is not kept: another change could leave all of that as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

#: Where hashes are kept, beside the store; it may be deleted at any time.
KEPT = Path(".synthempathy/hashes.json")
#: Bytes below which a file is read anew: that is as quick.
LARGE = 1 << 20
_SETTLED_SECONDS = 2.0


def file_digest(path: Path) -> bytes:
    """SHA-256 of the file's content, 32 bytes."""
    about = path.stat()
    if about.st_size < LARGE:
        return hashlib.sha256(path.read_bytes()).digest()
    name, state = str(path.resolve()), [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
    kept = _kept()
    if name in kept and kept[name][:-1] == state:
        return bytes.fromhex(str(kept[name][-1]))
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    if time.time_ns() - about.st_ctime_ns > _SETTLED_SECONDS * 1e9:
        _keep(_kept() | {name: [*state, digest.hexdigest()]})
    return digest.digest()


def _kept() -> dict[str, list[int | str]]:
    """What is kept; nothing where the file is not there, or is damaged."""
    try:
        found = json.loads(KEPT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: one for name, one in found.items() if isinstance(one, list) and len(one) == 5 and len(str(one[-1])) == 64}


def _keep(kept: dict[str, list[int | str]]) -> None:
    """Written whole or not at all; a folder that cannot be written to costs time alone."""
    part = KEPT.with_name(f".{KEPT.name}.{os.getpid()}.part")
    with suppress(OSError):
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(KEPT)
