"""Kubernetes objects with the place that each comes from: a file of the operator's, storage.yml, or the cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright import yaml_lines
from mountwright.errors import InputError, Problem
from mountwright.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mountwright.secret import Secret
    from mountwright.yaml_lines import Document

SUFFIXES = (".yaml", ".yml", ".json")
"""What a file of manifests is named."""
# {{ .Values.x }}, {{- if ... }}, {{ include "x" . }}: what Go's templates have, and no YAML.
_HELM = re.compile(r"\{\{-?\s*(?:[.$]|/\*|(?:if|range|with|include|template|define|toYaml|end|block)\b)")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True)
class Manifest:
    """One object as the API takes it.

    ``data`` is the object as plain data, to be read only. ``document`` and ``path`` say where it stands: the object
    itself (``rendered`` false), or the declaration that it was made of (``rendered`` true: then every part of it has
    the line of that declaration). ``text`` is the YAML that it was rendered as; "" for what was read from a file.
    ``secrets`` are the values in it that nobody may see.
    """

    data: dict[str, Any] = field(repr=False)
    document: Document = field(repr=False)
    path: tuple[str | int, ...] = ()
    rendered: bool = False
    text: str = field(default="", repr=False)
    secrets: tuple[Secret, ...] = ()

    @property
    def api_version(self) -> str:
        """``v1``, ``storage.k8s.io/v1`` ..., or "" where there is none."""
        return _text(self.data.get("apiVersion"))

    @property
    def kind(self) -> str:
        """``PersistentVolume`` ..., or "" where there is none."""
        return _text(self.data.get("kind"))

    @property
    def name(self) -> str:
        """``metadata.name``, or "" where there is none."""
        return _text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """``metadata.namespace``; "" where none is said, which is ``default`` for an object of a namespaced kind."""
        return _text(self.metadata.get("namespace"))

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata; an empty mapping where there is none, or something else stands in its place."""
        return mapping(self.data.get("metadata"))

    @property
    def spec(self) -> dict[str, Any]:
        """The spec; an empty mapping where there is none, or something else stands in its place."""
        return mapping(self.data.get("spec"))

    @property
    def object(self) -> str:
        """The object as messages name it: ``PersistentVolume/pv0001``, ``Secret/ceph-csi/csi-rbd-secret``."""
        parts = (self.kind or "?", self.namespace, self.name or "?")
        return "/".join(part for part in parts if part)

    @property
    def source(self) -> str:
        """The file that it comes from, as the operator would name it."""
        return self.document.source

    def line(self, path: Sequence[str | int] = ()) -> int:
        """The line (from 1) of a part of the object; of its nearest ancestor for a part that does not exist."""
        return self.document.line(self.path if self.rendered else (*self.path, *path))


@dataclass(frozen=True)
class Loaded:
    """What was found in files of manifests: the objects in their order, and what could not be read."""

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()

    def require(self) -> tuple[Manifest, ...]:
        """The objects; InputError with all problems when there are any."""
        if self.problems:
            raise InputError(self.problems)
        return self.manifests


def load_manifests(path: Path) -> Loaded:
    """Read a file of manifests, or every such file below a folder in the order of their names.

    Files may hold several documents and lists (``kind: List``), whose items become objects of their own; a
    Kustomization is left out: it is for kustomize, and no object. A template of a Helm chart is a problem of its own.
    Raises InputError when ``path`` has nothing.
    """
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    for file in _files(path):
        if file.name in _KUSTOMIZATIONS:
            continue
        try:
            loaded = parse_manifests(read_text(file), str(file))
        except InputError as error:
            problems += error.problems
        else:
            manifests += loaded.manifests
            problems += loaded.problems
    return Loaded(tuple(manifests), tuple(problems))


def parse_manifests(text: str, source: str) -> Loaded:
    """Read the text of one file of manifests as :func:`load_manifests` does; ``source`` names it in errors.

    Raises InputError when the text as a whole can't be read.
    """
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    for document in _documents(text, source):
        if document.value is None:
            continue
        for where, value in _objects(document.value, ()):
            if isinstance(value, dict) and "kind" in value:
                if not _is_kustomization(value):
                    manifests.append(Manifest(value, document, where))
            else:
                problems.append(document.problem(where, "is no Kubernetes object: it has no 'kind'"))
    return Loaded(tuple(manifests), tuple(problems))


def _documents(text: str, source: str) -> list[Document]:
    try:
        return yaml_lines.parse_all(text, source)
    except InputError:
        action = _HELM.search(text)
        if action is None:
            raise
        line = text.count("\n", 0, action.start()) + 1
        advice = "look at what comes out: helm template CHART > manifests.yaml"
        raise InputError(Problem(source, line, "", f"is a template of a Helm chart; {advice}")) from None


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file() and not _hidden(file, path)
        )
        if not files:
            raise InputError(
                f"{path} holds no manifests: there is no file named {', '.join('*' + s for s in SUFFIXES)}"
            )
        return files
    if not path.exists():
        raise InputError(f"{path} does not exist; it is a file of manifests, or a folder with such files")
    return [path]


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _objects(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The value itself, or the items of a list of objects (``kind: List``, ``PersistentVolumeList``).

    The items of a list of one kind need not say it, as in answers of the API: kubectl takes it from the list.
    """
    kind = _text(value.get("kind")) if isinstance(value, dict) else ""
    items = value.get("items") if kind.endswith("List") else None
    if isinstance(items, list) or (kind == "List" and items is None):
        of_one = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")} if kind != "List" else {}
        for index, item in enumerate(items or ()):
            whole = {**of_one, **item} if isinstance(item, dict) else item
            yield from _objects(whole, (*path, "items", index))
    else:
        yield path, value


def _is_kustomization(value: dict[str, Any]) -> bool:
    return _text(value.get("apiVersion")).startswith("kustomize.config.k8s.io/")


def mapping(value: Any) -> dict[str, Any]:
    """The value where it is a mapping, else an empty one: for looking into objects that nobody has validated."""
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
