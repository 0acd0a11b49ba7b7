"""What storage.yml declares as the objects that the API takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mountwright import yaml_lines
from mountwright.errors import InputError, Problem
from mountwright.kubernetes.declared import declared_objects
from mountwright.kubernetes.manifests import Manifest
from mountwright.templates import render_file

if TYPE_CHECKING:
    from mountwright.kubernetes.declared import Declared
    from mountwright.spec import StorageSpec
    from mountwright.yaml_lines import Document


HEADER_START = "# Rendered by mountwright from "
"""What everything rendered begins with, and nothing else does."""


def header(source: str) -> str:
    """The line that everything rendered begins with; ``source`` is the file that declares it."""
    return f"{HEADER_START}{Path(source).name}; a change here would be overwritten.\n"


def render_objects(spec: StorageSpec, *, secrets: bool = True) -> tuple[Manifest, ...]:
    """All objects that storage.yml declares: by kind, and in the order of their declarations within a kind.

    Each has its ``text``, and as ``data`` what a parser makes of that text. ``secrets=False`` leaves Secrets out, and
    does not look for their values. Raises InputError with all faults: a value of a Secret that is not where it should
    be, a template of the operator's own that can't be rendered, or is no YAML.
    """
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    for declared in declared_objects(spec, problems, secrets=secrets):
        try:
            manifests.append(_render(declared, spec.document))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(manifests)


def _render(declared: Declared, document: Document) -> Manifest:
    template = f"kubernetes/{declared.template}.yaml.j2"
    text = header(document.source) + render_file(template, **declared.values)
    data: Any = yaml_lines.parse(text, template).value
    if not isinstance(data, dict):
        raise InputError(Problem(template, 0, "", "the template gives no Kubernetes object: expected a mapping"))
    return Manifest(data, document, declared.path, rendered=True, text=text, secrets=declared.secrets)
