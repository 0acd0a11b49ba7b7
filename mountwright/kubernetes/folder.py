"""Rendered objects as files of a folder, one a file: for kustomize, and for people who keep them in version control.

The folder holds what was rendered last, and whatever else the operator keeps in it. A file is replaced or removed
only when it begins with our own header; for removal the old kustomization.yaml must name it as well.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mountwright import yaml_lines
from mountwright.errors import InputError, Problem
from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.rendering import HEADER_START, header
from mountwright.templates import render_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mountwright.kubernetes.manifests import Manifest

LIST = "kustomization.yaml"
"""The file that names the others."""
_LONGEST_NAME = 255  # bytes; NAME_MAX of Linux
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True)
class Written:
    """What became of the files, by their names: ``files`` in the order of the objects."""

    files: tuple[str, ...]
    changed: frozenset[str]
    removed: tuple[str, ...]


def file_name(manifest: Manifest) -> str:
    """``persistentvolume-pv0001.yaml``; ``secret-ceph-csi.key.yaml`` for the Secret ``key`` in ``ceph-csi``.

    A namespace has no dots, so that no two objects have one name. Raises InputError for an object that has no name,
    or none that a file can have: only a template of the operator's own can make one.
    """
    owner = ".".join(part for part in (manifest.namespace, manifest.name) if part)
    stem = f"{manifest.kind.lower()}-{owner}"
    if not manifest.kind or not manifest.name or not _PLAIN.fullmatch(stem):
        message = f"the template gives {manifest.object!r}, which has no kind and name that a file could have"
        raise InputError(Problem(manifest.source, manifest.line(), "", message))
    longest = _LONGEST_NAME - len(".yaml")
    if len(stem) > longest:
        digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
        stem = f"{stem[: longest - len(digest) - 1]}-{digest}"
    return f"{stem}.yaml"


def write_folder(manifests: Sequence[Manifest], folder: Path) -> Written:
    """Write the objects and the list of them; remove what an earlier rendering left.

    Each file is replaced at once or not at all; nothing is written when anything would be overwritten that is not
    ours. Files with secrets get mode 0600 from the start, and a folder that is new, empty or ours then 0700. Raises
    InputError when the folder can't be used.
    """
    files = _contents(manifests)
    private = {name for name, (_, manifest) in files.items() if manifest is not None and manifest.kind == "Secret"}
    try:
        ours = _prepare(folder, private=bool(private))
        old = _listed(folder / LIST)
        _refuse_foreign(folder, [*files])
        if private and ours:
            folder.chmod(0o700)
        changed = {name for name, (text, _) in files.items() if _write(folder / name, text, name in private)}
        leftovers = [name for name in old if name not in files and _is_ours(folder / name)]
        for name in leftovers:
            (folder / name).unlink()
    except OSError as error:
        raise InputError(f"{error.filename or folder} can't be written: {error.strerror}") from None
    names = tuple(name for name in files if name != LIST)
    return Written(names, frozenset(changed), tuple(leftovers))


def _contents(manifests: Sequence[Manifest]) -> dict[str, tuple[str, Manifest | None]]:
    """The files by their names, the list as the last: it names only what is there."""
    files: dict[str, tuple[str, Manifest | None]] = {}
    for manifest in manifests:
        name = file_name(manifest)
        if name in files:
            message = f"{manifest.object} is rendered twice; the template has to use the name that it is given"
            raise InputError(Problem(manifest.source, manifest.line(), "", message))
        files[name] = (manifest.text, manifest)
    source = manifests[0].source if manifests else "storage.yml"
    files[LIST] = (header(source) + render_file("kubernetes/kustomization.yaml.j2", files=list(files)), None)
    return files


def _prepare(folder: Path, *, private: bool) -> bool:
    """Make the folder; returns whether it is ours: new, empty, or with a list that we wrote."""
    if not folder.exists():
        folder.mkdir(mode=0o700 if private else 0o755, parents=True)
        return True
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; --out takes a folder, which is made when it is missing")
    return not any(folder.iterdir()) or _is_ours(folder / LIST)


def _listed(path: Path) -> list[str]:
    """The files that an earlier rendering wrote; none when the list is not ours."""
    if not _is_ours(path):
        return []
    names = mapping(yaml_lines.load(path).value).get("resources")
    return (
        [name for name in names if isinstance(name, str) and _PLAIN.fullmatch(name)]
        if isinstance(names, list)
        else []
    )


def _refuse_foreign(folder: Path, names: Sequence[str]) -> None:
    foreign = [name for name in names if os.path.lexists(folder / name) and not _is_ours(folder / name)]
    if foreign:
        raise InputError(
            [
                Problem(
                    str(folder / name),
                    0,
                    "",
                    "is not a file that mountwright rendered; move it, or choose another folder",
                )
                for name in foreign
            ]
        )


def _is_ours(path: Path) -> bool:
    """Whether it is a regular file that begins with our header."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HEADER_START)) == HEADER_START.encode()


def _write(path: Path, text: str, private: bool) -> bool:
    """Make the file have the text, at once; returns whether it had another one, or another mode."""
    mode = 0o600 if private else 0o644
    content = text.encode()
    if path.exists() and path.read_bytes() == content and (not private or path.stat().st_mode & 0o777 == mode):
        return False
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")  # its mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
