"""Where a configuration of the local-path-provisioner stands: a bare ``config.json``, or ConfigMaps in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mountwright import yaml_lines
from mountwright.errors import InputError, Problem
from mountwright.kubernetes.manifests import Manifest, mapping, parse_manifests
from mountwright.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mountwright.yaml_lines import Document

CONFIG, HELPER_POD = "config.json", "helperPod.yaml"
SCRIPTS = ("setup", "teardown")


@dataclass(frozen=True)
class Part:
    """A text with a meaning of its own inside a file: the whole of it, or one entry of a ConfigMap.

    ``text`` is None where the entry is missing or is no text.
    """

    text: str | None
    document: Document
    path: tuple[str | int, ...] = ()

    def line(self, inner: int = 1) -> int:
        """The line in the file of line ``inner`` of the text."""
        return self.document.text_line(self.path, inner) if self.path else inner


@dataclass(frozen=True)
class Configuration:
    """One configuration with what stands beside it in the same file.

    ``entries`` are the parts of the ConfigMap by their keys; a bare config.json has only that one (``bare``).
    ``others`` are the other objects of the file: classes and claims that the configuration has to fit.
    """

    object: str
    entries: dict[str, Part]
    bare: bool
    document: Document
    line: int = 1
    others: tuple[Manifest, ...] = ()

    @property
    def config(self) -> Part:
        """The text of config.json."""
        return self.entries[CONFIG]


def read_configurations(path: Path) -> tuple[Configuration, ...]:
    """Read the configurations of a file: a bare config.json, or each ConfigMap of a file of manifests.

    Raises InputError when the file can't be read, or holds neither.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file: a config.json, or manifests with a ConfigMap")
    if not path.exists():
        raise InputError(f"{path} does not exist; it is a config.json, or a file of manifests with a ConfigMap")
    text = read_text(path)
    if _is_bare(text):
        document = yaml_lines.Document(str(path), text)
        return (Configuration(CONFIG, {CONFIG: Part(text, document)}, bare=True, document=document),)
    manifests = parse_manifests(text, str(path)).require()
    maps = [manifest for manifest in manifests if is_configuration(manifest)]
    if not maps:
        # A ConfigMap alone is meant as one, though it may lack even its config.json.
        maps = [manifest for manifest in manifests if manifest.kind == "ConfigMap"]
    if not maps:
        message = (
            "holds no configuration of the local-path-provisioner; expected a config.json, or a ConfigMap with one"
        )
        raise InputError(Problem(str(path), 0, "", message))
    return tuple(of_manifest(manifest, manifests) for manifest in maps)


def is_configuration(manifest: Manifest) -> bool:
    """Whether an object is a ConfigMap of the provisioner's, by its entries."""
    data = mapping(manifest.data.get("data"))
    return manifest.kind == "ConfigMap" and (CONFIG in data or HELPER_POD in data)


def of_manifest(manifest: Manifest, others: Sequence[Manifest] = ()) -> Configuration:
    """The configuration in a ConfigMap."""
    data = mapping(manifest.data.get("data"))
    entries = {
        key: Part(_text(data.get(key)), manifest.document, (*manifest.path, "data", key))
        for key in dict.fromkeys([CONFIG, *SCRIPTS, HELPER_POD, *data])
    }
    rest = tuple(other for other in others if other is not manifest)
    return Configuration(manifest.object, entries, False, manifest.document, manifest.line(), rest)


def _is_bare(text: str) -> bool:
    """Whether a file is a config.json itself: JSON that does not say to be a Kubernetes object."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        document, _, _ = yaml_lines.parse_first_json(text, "")
    except InputError:
        return True  # JSON was meant, and its fault is the finding
    return not (isinstance(document.value, dict) and "kind" in document.value and "apiVersion" in document.value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
