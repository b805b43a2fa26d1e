"""What is known of a model on the Hugging Face hub before it is loaded: its commit, and whether it may be had.

With HF_HUB_OFFLINE set nothing is asked of the hub: a model is what its snapshot in the cache (HF_HOME) is.
"""

from __future__ import annotations

import re
from functools import cache

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import say

COMMIT = re.compile(r"[0-9a-f]{40}")
#: How long the hub may take to say anything.
SECONDS = 10.0


def commit_of(name: str, revision: str | None) -> str:
    """The commit that `name` at `revision` means: of the hub, or of the cache offline. ModelError where it cannot be had."""
    return revision if revision and COMMIT.fullmatch(revision) else _found(name, revision)


@cache  # once a process: a step asks for its key, and check before it
def _found(name: str, revision: str | None) -> str:
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return _cached(name, revision)
    try:
        return str(HfApi().model_info(name, revision=revision, timeout=SECONDS).sha)
    except Exception as error:
        raise _why(name, revision, error) from None


class HubAway(ModelError):
    """The hub cannot be asked now. What it would say is not known; a snapshot in the cache may do."""


def check_hub(name: str, revision: str | None) -> None:
    """Refuse what cannot be loaded from the hub: no such name or commit, a licence that is not accepted, nothing cached.

    Says what is not pinned, with the commit to pin: the hub's may be another tomorrow. HubAway where the hub is not there.
    """
    from huggingface_hub import constants

    commit = commit_of(name, revision)
    if constants.HF_HUB_OFFLINE:
        _cached(name, commit)
    elif (fault := _fault(name, commit)) is not None:
        raise fault
    if commit != revision:
        _say_unpinned(name, commit)


@cache  # once a process: each step looks, and a hub that is away answers slowly
def _fault(name: str, commit: str) -> ModelError | None:
    """What the hub has against giving the files of a commit; None where it gives them.

    A config is asked for, a few kB: of a gated model the hub tells everybody the commit, and gives its files to those
    alone who accepted.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json", revision=commit), timeout=SECONDS)
    except Exception as error:
        return _why(name, commit, error)
    return None


@cache  # once a process, though several steps of it may look
def _say_unpinned(name: str, commit: str) -> None:
    say(f"{name} is not pinned, and may be other weights tomorrow; set its revision: {commit}")


def _cached(name: str, revision: str | None) -> str:
    """The commit of the snapshot in the cache. ModelError where it has none with a config in it."""
    from huggingface_hub import hf_hub_download

    try:
        config = hf_hub_download(name, "config.json", revision=revision, local_files_only=True)
    except Exception:
        at = f" at revision {revision}" if revision else ""
        raise ModelError(
            f"{name}{at} is not in the cache, and HF_HUB_OFFLINE is set; with the network there, `hf download {name}` "
            "fetches it, or give a folder"
        ) from None
    return next((part for part in reversed(config.replace("\\", "/").split("/")) if COMMIT.fullmatch(part)), revision or "")


def _why(name: str, revision: str | None, error: Exception) -> ModelError:
    """What stands between us and a model of the hub, in one line, with the way out."""
    from huggingface_hub import errors

    match error:
        case errors.GatedRepoError():
            return ModelError(
                f"{name}: its licence is not accepted, or not by this account; accept it at https://huggingface.co/{name}, "
                "then run `hf auth login` or set HF_TOKEN"
            )
        case errors.RepositoryNotFoundError():
            return ModelError(f"{name}: no such model on the hub, or a private one; check the name, or set HF_TOKEN")
        case errors.RevisionNotFoundError():
            return ModelError(f"{name}: no revision {revision} on the hub; check it")
        case errors.EntryNotFoundError():
            return ModelError(f"{name}: no config.json on the hub at this revision; it is no model for transformers or vLLM")
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return HubAway(
        f"the hub says nothing of {name}: {first[:200]}; set HF_HUB_OFFLINE=1 where its snapshot is cached, or give a folder"
    )
