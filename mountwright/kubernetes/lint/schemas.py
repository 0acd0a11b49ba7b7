"""The schemas of Kubernetes' own kinds by version, compiled once.

Their source is kubernetes-validate, which has the API of each release as strict JSON Schemas (no unknown fields). Of
the validators for Python jsonschema-rs is taken: 10,000 PersistentVolumes cost it 10 ms (fastjsonschema 100 ms and
100 ms to compile, jsonschema 1.8 s), and its errors come as data with paths, which messages are made of.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from typing import Any

import jsonschema_rs

from mountwright.kubernetes.lint.versions import schema_folders

_KIND = "x-kubernetes-group-version-kind"


class Schemas:
    """The kinds of one version of Kubernetes."""

    def __init__(self, minor: int) -> None:
        text = (schema_folders()[minor] / "_definitions.json").read_text(encoding="utf-8")
        document = json.loads(text)
        self._id: str = document["$id"]
        self._definitions: dict[str, Any] = document["$defs"]
        self._registry = jsonschema_rs.Registry([(self._id, document)])
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._versions: dict[str, list[str]] = defaultdict(list)
        for name, definition in self._definitions.items():
            for kind in definition.get(_KIND, ()):
                api_version = f"{kind['group']}/{kind['version']}".removeprefix("/")
                self._names[(api_version, kind["kind"])] = name
                self._versions[kind["kind"]].append(api_version)
        self.groups = frozenset(api_version.rpartition("/")[0] for api_version, _ in self._names)
        self.kinds = frozenset(self._versions)

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether this version has the kind under that apiVersion."""
        return (api_version, kind) in self._names

    def api_versions(self, kind: str) -> list[str]:
        """The apiVersions that this version has the kind under, the stable ones first."""
        return sorted(self._versions.get(kind, ()), key=lambda each: ("alpha" in each, "beta" in each, each))

    def validator(self, api_version: str, kind: str) -> jsonschema_rs.Draft202012Validator:
        """The validator of a kind that is served."""
        name = self._names[(api_version, kind)]
        if name not in self._validators:
            schema = {"$ref": f"{self._id}#/$defs/{name}"}
            self._validators[name] = jsonschema_rs.Draft202012Validator(schema, registry=self._registry)
        return self._validators[name]

    def fields(self, definition: str) -> frozenset[str]:
        """The fields of a definition, by its name in the schemas; none for one that this version lacks."""
        return frozenset(self._definitions.get(definition, {}).get("properties", ()))


@cache
def schemas(minor: int) -> Schemas:
    """The kinds of a minor version that :func:`schema_folders` knows."""
    return Schemas(minor)
