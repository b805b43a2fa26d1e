"""Sending folders to the Hugging Face hub. Whatever breaks off is told in one line, and the same command goes on.

The token comes from the environment alone (HF_TOKEN), never from a file that a log-in left, and stands in no message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from synthempathy.core.errors import InputError, SynthempathyError
from synthempathy.core.progress import say
from synthempathy.project.parcels import Parcel


class HubError(SynthempathyError):
    """The hub refused something, or the way to it broke off."""


def check_ready() -> str:
    """The token. InputError where there is none, or the hub is not to be asked."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            raise InputError(f"{name} is set, so nothing is sent to the hub", hint="unset it; `--dry-run` works with it")
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise InputError(
            "no token in the environment", field="HF_TOKEN",
            hint="make one that may write at https://huggingface.co/settings/tokens, and set HF_TOKEN to it",
        )
    return token


def send(parcels: Sequence[Parcel], token: str, *, private: bool, message: str) -> list[str]:
    """Make the repositories where they are not there, and send every folder; the addresses of the repositories.

    A repository that is there keeps its visibility. A folder goes as one commit: a repository has all of it or none. What is
    there already, by its hash, is not sent again.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token)
    sent: list[str] = []
    addresses: dict[str, None] = {}
    for parcel in parcels:
        goal = f"{parcel.kind} {parcel.repo}" + (f", {parcel.place}/" if parcel.place else "")
        with _told(goal, sent, token), parcel.folder_to_send() as folder:
            made = api.create_repo(parcel.repo, repo_type=parcel.kind, private=private, exist_ok=True)
            api.upload_folder(
                repo_id=parcel.repo, repo_type=parcel.kind, folder_path=folder, path_in_repo=parcel.place or None,
                commit_message=message, delete_patterns=list(parcel.replaced) or None,
            )
            lacking = set(parcel.files()) - set(api.list_repo_files(parcel.repo, repo_type=parcel.kind))
            if lacking:  # a .gitignore of the repository, or a server that lost something
                raise ValueError(f"the repository lacks {', '.join(sorted(lacking)[:5])} after all was sent")
        say(f"publish: {goal}: sent")
        sent.append(goal)
        addresses[str(made)] = None
    return list(addresses)


@contextmanager
def _told(goal: str, sent: Sequence[str], token: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes one line: where, what, what was sent before, and the way out."""
    try:
        yield
    except Exception as error:  # the library's own kinds, its HTTP client's, the file system's
        before = f"; sent before: {'; '.join(sent)}" if sent else "; nothing was sent before"
        raise HubError(f"{goal}: {_why(error).replace(token, '***')}{before}; {_way_out(error)}") from None


def _why(error: BaseException) -> str:
    """The innermost cause, for the outer ones say only that something failed."""
    while error.__cause__ is not None and not _status(error):
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:300] or type(error).__name__


def _status(error: Any) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _way_out(error: BaseException) -> str:
    if _status(error) in (401, 403):
        return "HF_TOKEN is not accepted, or may not write there: check it, then the same command goes on"
    return "the same command goes on, and sends nothing twice"
