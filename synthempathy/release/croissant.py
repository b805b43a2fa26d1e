"""croissant.json: the release described for machines, in MLCommons' Croissant format, version 1.0.

Tools that know the format (mlcroissant, data set search engines) learn from it which files there are, by checksum, and which
columns they hold. The specification: http://mlcommons.org/croissant/1.0
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FORMATS = {".jsonl": "application/jsonlines", ".parquet": "application/x-parquet"}

#: The specification's own, word for word: readers complain of any other.
CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5",
    "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet", "references": "cr:references",
    "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(
    about: Mapping[str, Any], description: str, folder: Path, splits: Iterable[str], fields: Mapping[str, str], language: str
) -> str:
    """The JSON, for a release whose data/{split}.jsonl and .parquet are written in `folder` already.

    `about` is the section release of params.yaml; what is blank there is left out. A record set a split, read from Parquet,
    with the fields (name: meaning), all of them text in `language` (ISO 639); the descriptions are English.
    """
    splits = list(splits)
    known = {
        "url": about["url"], "datePublished": about["published"], "citeAs": about["citation"],
        "creator": [{"@type": "sc:Person", "name": name} for name in about["creators"]],
    }
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": about["name"],
        "description": description,
        "license": about["license"],
        "version": about["version"],
        "inLanguage": language,
        **{name: value for name, value in known.items() if value},
        "distribution": [_file(folder, f"data/{split}{suffix}") for split in splits for suffix in FORMATS],
        "recordSet": [_record_set(split, fields) for split in splits],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _file(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject", "@id": name, "name": path.name, "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B", "encodingFormat": FORMATS[path.suffix], "sha256": digest,
    }


def _record_set(split: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet", "@id": split, "name": split, "description": f"The pairs of the split {split}.",
        "key": {"@id": f"{split}/id"},
        "field": [
            {
                "@type": "cr:Field", "@id": f"{split}/{name}", "name": name, "description": meaning, "dataType": "sc:Text",
                "source": {"fileObject": {"@id": f"data/{split}.parquet"}, "extract": {"column": name}},
            }
            for name, meaning in fields.items()
        ],
    }
