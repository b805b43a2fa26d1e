"""The bill of materials of the software (CycloneDX 1.6), from the report of what pip resolved.

It names what makes the data set: the project, what it needs ("required") and what its extras need ("optional"), without
those that touch no row (tests, benchmarks, DVC's remotes). It holds no serial number, no time and no tool,
so that the same report gives the same bytes.
The licences are those of the packages' own metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from synthempathy.core.errors import InputError
from synthempathy.project.pins import PROJECT, Package, requirements_of, who_needs

#: Extras that touch no row: tests, linters, the peers of benchmarks, ways to DVC's remotes.
NOT_THE_DATAS = frozenset(("dev", "benchmarks", "ssh", "s3"))
#: What metadata call the licences whose SPDX name is beyond doubt.
_CLASSIFIED = {
    "Apache Software License": "Apache-2.0", "MIT License": "MIT", "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense", "Apache 2.0": "Apache-2.0", "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "ISC License": "ISC",
    "3-Clause BSD License": "BSD-3-Clause",
}
_LONGEST_NAME = 100  # a longer licence in the metadata is its text


def bill_of_materials(packages: Mapping[str, Package]) -> str:
    """The bill as JSON; see above."""
    users = {name: set(extras) - NOT_THE_DATAS for name, extras in who_needs(packages).items()}
    components = {name: _component(name, packages[name], users[name]) for name in sorted(users) if users[name]}
    project = packages[PROJECT]
    components[PROJECT] = root = Component(
        name=PROJECT, version=project.version, type=ComponentType.APPLICATION, bom_ref=PROJECT,
        licenses=[licence(project.metadata)],
    )
    bom = Bom(components=[one for name, one in components.items() if name != PROJECT])
    bom.metadata.component = root
    for name, component in components.items():
        required = {str(canonicalize_name(one.name)) for one in requirements_of(packages[name], packages[name].extras)}
        bom.register_dependency(component, [components[other] for other in sorted(required & components.keys())])
    bom.serial_number = None  # type: ignore[assignment]  # as cyclonedx-py does for --output-reproducible
    bom.metadata.timestamp = None  # type: ignore[assignment]
    return str(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)) + "\n"


def check_bill(text: str) -> None:
    """InputError where `text` is not CycloneDX 1.6. Wants the library's extra json-validation."""
    from cyclonedx.validation.json import JsonStrictValidator

    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise InputError(f"the bill of materials is not CycloneDX: {problem}")


def licence(metadata: Mapping[str, Any]) -> Any:
    """The licence that a package's metadata state: an SPDX expression where they have one, else its name as they put it."""
    stated = str(metadata.get("license_expression") or metadata.get("license") or "").strip()
    names = [text.rpartition(" :: ")[2] for text in metadata.get("classifier", []) if text.startswith("License :: ")]
    if not stated or "\n" in stated or len(stated) > _LONGEST_NAME or stated.upper() == "UNKNOWN":
        stated = " / ".join(_CLASSIFIED.get(name, name) for name in names if name != "OSI Approved") or "not stated"
    return LicenseFactory().make_from_string(_CLASSIFIED.get(stated, stated))


def _component(name: str, package: Package, users: set[str]) -> Component:
    purl = PackageURL("pypi", version=package.version, name=name)
    return Component(
        name=package.name, version=package.version, type=ComponentType.LIBRARY, bom_ref=str(purl), purl=purl,
        scope=ComponentScope.REQUIRED if "base" in users else ComponentScope.OPTIONAL,
        licenses=[licence(package.metadata)],
        properties=[Property(name=f"{PROJECT}:extra", value=extra) for extra in sorted(users - {"base"})],
    )
