"""Files as they stood at a git revision, or in a DVC experiment, whose name git does not know by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

from synthempathy.core.errors import InputError


def commit_of(revision: str) -> str:
    """The commit that a git revision or the name of a DVC experiment stands for. InputError where there is none."""
    _check_repository()
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        # DVC keeps experiments under refs/exps/<the commit that they start from>/<name>, where git does not look by itself.
        refs = (_git("for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/exps") or "").splitlines()
        named = [ref for ref in refs if ref.split("/")[-1] == revision and ref.count("/") > 3]
        if not named:
            raise InputError(
                "no such git revision, DVC experiment or evaluation file", value=revision,
                hint="see `git log`, `dvc exp list`; files end in .jsonl or .csv",
            )
        commit = named[0]
    return commit.strip()


def git_file(revision: str, path: Path) -> str:
    """A file's text at a git revision (a DVC experiment's name is one too). InputError where it is not there."""
    text = file_at(commit_of(revision), path)
    if text is None:
        raise InputError("not in that revision", file=f"{revision}:{path}", hint="run `dvc repro` there and commit metrics/")
    return text


def file_at(commit: str, path: Path) -> str | None:
    """A file's text at a commit, from the folder that the command runs in; None where it is not there."""
    return _git("show", f"{commit}:./{path.as_posix()}")


def files_at(commit: str, folder: Path) -> list[Path]:
    """The files under `folder` at a commit, in the order of their names."""
    names = _git("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{folder.as_posix()}/") or ""
    return sorted(Path(name) for name in names.split("\0") if name)


def _check_repository() -> None:
    """InputError with git's own words where it refuses the whole repository: none is here, or it is another owner's."""
    done = _run_git("rev-parse", "--git-dir")
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", errors="replace").split())
        raise InputError(f"git refuses: {said}", hint="or name two evaluation files instead")


def _git(*arguments: str) -> str | None:
    """What git prints, or None where it fails."""
    done = _run_git(*arguments)
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None


def _run_git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError("git is not installed", value="git", hint="name two evaluation files instead") from None
