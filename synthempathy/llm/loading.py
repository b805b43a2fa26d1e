"""Models and tokenizers from a folder or the Hugging Face hub; errors as one line."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError, short
from synthempathy.core.files import read_text
from synthempathy.core.hashes import file_digest
from synthempathy.llm.chat import ensure_chat_template
from synthempathy.llm.hub import commit_of
from synthempathy.llm.params import EngineChange

_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+$")
#: Suffixes of the files that make a model or an adapter what it is.
_CONTENT = frozenset((".safetensors", ".json", ".jinja", ".model"))


@dataclass(frozen=True)
class Model:
    """A model as params name it: a folder or a hub's name, its commit there, a LoRA adapter on it, its weight in a mixture.

    Attributes:
        engine: what its own engine has other than the one that it is asked by.
        served_as: its name on a server, where that is another (an adapter's, of vLLM's --lora-modules).
    """

    name: str
    revision: str | None = None
    adapter: Path | None = None
    weight: float = 1.0
    engine: EngineChange | None = None
    served_as: str | None = None

    @property
    def title(self) -> str:
        """The model, as rows and the cost file name it."""
        return self.name if self.adapter is None else f"{self.name} + {self.adapter}"

    def identity(self) -> str:
        """What the model is, for the store's key: a content hash of a folder, or name and commit on the hub."""
        base = f"sha256:{content_hash(Path(self.name))}" if is_folder(self.name) else self._commit()
        return base if self.adapter is None else f"{base} + sha256:{content_hash(self.adapter)}"

    def served_identity(self) -> str:
        """What is known of a model on a server: its names, and the content of an adapter that stands here too."""
        if self.adapter is None or self.served_as is None:
            return self.title
        here = f" sha256:{content_hash(self.adapter)}" if self.adapter.is_dir() else ""
        return f"{self.title} as {self.served_as}{here}"

    def _commit(self) -> str:
        return f"{self.name}@{commit_of(self.name, self.revision)}"


def is_folder(model: str) -> bool:
    """Whether `model` is a folder here; otherwise it must be a hub's name. ModelError if it is neither."""
    if Path(model).is_dir():
        if not (Path(model) / "config.json").is_file():
            raise ModelError(f"{model}: no config.json in this folder; point the parameter at a saved model")
        return True
    if Path(model).is_absolute() or model.startswith((".", "models/", "data/")) or not _HUB_NAME.match(model):
        raise ModelError(f"model path does not exist: {model}; give a folder, or a Hugging Face name like org/model")
    return False


def content_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of the files that make a model or an adapter."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _CONTENT:
            digest.update(path.name.encode())
            digest.update(file_digest(path))
    return digest.hexdigest()


def link_models(folder: Path, models: Sequence[Path], others: Sequence[str] = ()) -> None:
    """Make `folder`: a link to each file of `models` (folders, or files), in a subfolder each, and their names in models.txt.

    There stand the names of `others` too, of which nothing is here to be linked.

    DVC follows a link to a file: a stage that depends on the folder is stale when a file of a model has changed.
    """
    folder.mkdir(parents=True)
    (folder / "models.txt").write_text("".join(f"{model}\n" for model in (*models, *others)), encoding="utf-8")
    for number, model in enumerate(models):
        files = [model] if model.is_file() else sorted(path for path in model.rglob("*") if path.is_file())
        for file in (path for path in files if path.suffix != ".md"):
            name = file.relative_to(model) if file != model else Path(model.name)
            if any(part.startswith((".", "__pycache__")) for part in name.parts):  # a clone's .git, a download's .cache
                continue
            link = folder / str(number) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.absolute() if model.is_absolute() else os.path.relpath(file, link.parent))


def load_tokenizer(model: str, revision: str | None) -> Any:
    """The model's tokenizer, padding on the left, with a chat template that takes a system turn. ModelError otherwise."""
    quiet()
    from transformers import AutoTokenizer

    is_folder(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False)
    except Exception as error:
        raise _cannot_load(model, error) from None
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    ensure_chat_template(tokenizer, model)
    return tokenizer


def load_model(model: str, revision: str | None, dtype: str, device: str, **options: Any) -> Any:
    """The causal language model from safetensors, in eval mode on `device`. ModelError otherwise.

    `options` go to transformers' from_pretrained; with a `device_map` among them the model stays where that puts it.
    """
    quiet()
    import torch
    from transformers import AutoModelForCausalLM

    is_folder(model)
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            model, revision=revision, dtype=getattr(torch, dtype), trust_remote_code=False, use_safetensors=True,
            **options,
        )
    except Exception as error:
        raise _cannot_load(model, error) from None
    return (loaded if "device_map" in options else loaded.to(device)).eval()


#: Of an adapter's config: what PEFT takes for regular expressions, some of it in lists too, and by which it finds modules.
_NAMES_OF_MODULES = ("target_modules", "exclude_modules", "modules_to_save", "layers_pattern", "target_parameters")
_BY_NAME = ("rank_pattern", "alpha_pattern")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.]{1,300}")


def add_adapter(loaded: Any, adapter: Path) -> Any:
    """`loaded` with the LoRA adapter of a folder on it. ModelError if there is none."""
    from peft import PeftModel

    adapter_config(adapter)
    try:
        return PeftModel.from_pretrained(loaded, str(adapter)).eval()
    except Exception as error:  # a layer that the model lacks, weights of another size, a damaged file
        raise _cannot_load(str(adapter), error) from None


def adapter_config(adapter: Path) -> dict[str, Any]:
    """What the adapter in a folder says of itself. ModelError where it is none of ours: LoRA, safetensors, no code, no pickle."""
    config = adapter / "adapter_config.json"
    if not config.is_file():
        raise ModelError(f"{adapter}: no adapter_config.json in this folder; run the finetune stage")
    try:
        about = json.loads(read_text(config))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.get("peft_type") != "LORA" or "base_model_name_or_path" not in about:
        raise ModelError(f"{config}: not the config of a LoRA adapter; run the finetune stage")
    mapping = about.get("auto_mapping") or {}  # what PEFT writes of an adapter that names no task
    library = mapping.get("parent_library") if isinstance(mapping, dict) else mapping
    if library is not None and not str(library).startswith("transformers."):
        raise ModelError(f"{config}: auto_mapping names a library to import, {library!r}; only transformers is taken")
    for field in (*_NAMES_OF_MODULES, *_BY_NAME):
        if not _is_plain(field, about.get(field)):
            raise ModelError(
                f"{config}: {field} holds more than names of modules (letters, digits, _ and .), {short(about[field])}: "
                "as a pattern it might be searched without end; write the names out"
            )
    if type(about.get("r", 1)) is not int:
        raise ModelError(f"{config}: r is no whole number, {short(about['r'])}")
    if not (adapter / "adapter_model.safetensors").is_file():
        raise ModelError(f"{adapter}: no adapter_model.safetensors; other weights (.bin) may hold code, and are not read")
    return about


def _is_plain(field: str, given: Any) -> bool:
    """Whether `given` names modules by their names alone."""
    if given is None:
        return True
    if field in _BY_NAME:
        kinds = (int,) if field == "rank_pattern" else (int, float)
        return isinstance(given, dict) and all(_PLAIN_NAME.fullmatch(name) and type(one) in kinds for name, one in given.items())
    if isinstance(given, str):
        return given == "all-linear" or _PLAIN_NAME.fullmatch(given) is not None
    return isinstance(given, list) and all(isinstance(name, str) and _PLAIN_NAME.fullmatch(name) for name in given)


def pick_device(wanted: str) -> str:
    """cpu or cuda; `auto` takes a GPU where there is one."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("machine.device is cuda, but torch sees no GPU; set it to auto or cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def quiet() -> None:
    """Keep the libraries' own bars and advice off the screen; ours say what happens."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _cannot_load(model: str, error: Exception) -> ModelError:
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ModelError(f"cannot load {model}: {first.strip()}")
