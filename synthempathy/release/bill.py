"""What the release was made with, and under which licences: sbom.cdx.json (CycloneDX) and LICENSES.md.

The software is that of sbom.cdx.json beside this module, which `make constraints` writes from the pins: so it is the same
whatever is installed where the release is made. The models are those that params name for this corpus.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthempathy.core.files import read_text
from synthempathy.core.params import plain, read_mapping
from synthempathy.release.card import cell

#: A model's name and its revision (a commit), or None.
Model = tuple[str, str | None]

SOFTWARE = Path(__file__).with_name("sbom.cdx.json")
LICENCES = Path(__file__).with_name("model_licences.yaml")
UNKNOWN = "not known here: see its own card"
_SPDX = re.compile(r"[\w.+-]+")  # of the names in model_licences.yaml those without a space


def models_of(params: Mapping[str, Any]) -> dict[Model, list[str]]:
    """Each model of `params` (sections of params.yaml as plain values), and what it was used for."""
    found: dict[Model, list[str]] = defaultdict(list)
    for use, name, revision in _named(params):
        if use not in found[name, revision]:
            found[name, revision].append(use)
    return dict(found)


def _named(params: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for use, section in (("stories", "brainstorm"), ("explanations", "explain"), ("responses", "respond")):
        for one in params[section]["models"] or [params[section]]:
            yield use, one["model"], one["revision"]
    semantic, guard = params["dedup"]["semantic"], params["filter"]["guard"]
    transformer, scorer = params["filter"]["classifier"]["transformer"], params["scorer"]
    places = [("filter", transformer["model"], transformer), ("filter", guard["model"], guard)]
    if semantic["enabled"]:
        places.append(("dedup", semantic["model"], semantic))
    if scorer["kind"] == "judge":
        places.append(("scores", scorer["judge"]["model"], scorer["judge"]))
    elif "encoder" in scorer.get(scorer["kind"], {}):
        places.append(("scores", scorer[scorer["kind"]]["encoder"], scorer[scorer["kind"]]))
    places.append(("base model of the evaluation", params["finetune"]["model"], params["finetune"]))
    places += [("evaluation", one["model"], one) for one in params["evaluate"]["also"]]
    yield from ((use, name, place.get("revision")) for use, name, place in places if name)


def bill_of_materials(params: Mapping[str, Any]) -> str:
    """sbom.cdx.json of the release: the software, and the models of `params`."""
    bill = json.loads(read_text(SOFTWARE))
    licences = _model_licences()
    for (name, revision), uses in models_of(params).items():
        stated = licences.get(name)
        licence = {"id": stated} if stated and _SPDX.fullmatch(stated) else {"name": stated or UNKNOWN}
        bill["components"].append({
            "bom-ref": f"model:{name}" + (f"@{revision}" if revision else ""), "licenses": [{"license": licence}],
            "name": name, "properties": [{"name": "synthempathy:use", "value": use} for use in uses],
            "type": "machine-learning-model", **({"version": revision} if revision else {}),
        })
    return json.dumps(bill, indent=2, ensure_ascii=False) + "\n"


def licence_list(params: Mapping[str, Any]) -> str:
    """LICENSES.md of the release: the data's licence, and a table each of models and software."""
    licences = _model_licences()
    lines = [
        "# Licences", "", f"This data set is under `{cell(params['release']['license'])}`. What made it has licences of its own,",
        "as its makers state them. A model's licence may bind those who use its output.", "",
        "## Models", "", "| model | used for | licence |", "|---|---|---|",
    ]
    for (name, revision), uses in models_of(params).items():
        at = f" at `{cell(revision)}`" if revision else ""
        lines.append(f"| `{cell(name)}`{at} | {', '.join(uses)} | {licences.get(name, UNKNOWN)} |")
    lines += [
        "", "## Software", "", "As pinned, by the packages' own metadata; none of it is in this folder. Optional is what extras",
        "install. `sbom.cdx.json` (CycloneDX) holds the same, and what needs what.", "",
        "| package | version | licence | |", "|---|---|---|---|",
    ]
    components = json.loads(read_text(SOFTWARE))["components"]
    for one in sorted(components, key=lambda one: str(one["name"]).lower()):
        optional = "optional" if one["scope"] == "optional" else ""
        lines.append(f"| {one['name']} | {one['version']} | {cell(_stated(one['licenses']))} | {optional} |")
    return "\n".join(lines) + "\n"


def _stated(licences: list[dict[str, Any]]) -> str:
    names = (one.get("expression") or one["license"].get("id") or one["license"]["name"] for one in licences)
    return ", ".join(map(str, names))


def _model_licences() -> dict[str, str]:
    return {str(name): str(licence) for name, licence in plain(read_mapping(LICENCES)).items()}
