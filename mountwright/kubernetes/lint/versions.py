"""The versions of Kubernetes whose objects can be checked: those that kubernetes-validate has schemas of."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from mountwright.errors import InputError

_FOLDER = re.compile(r"v1\.([0-9]+)\.0-local-strict")


@lru_cache(maxsize=1)
def schema_folders() -> dict[int, Path]:
    """The folder of the strict schemas of each minor version."""
    # Only its data is wanted: importing the package would load a validator that is not used.
    package = find_spec("kubernetes_validate")
    if package is None or not package.submodule_search_locations:
        raise InputError("the package kubernetes-validate is missing; install mountwright with its dependencies")
    folder = Path(package.submodule_search_locations[0]) / "kubernetes-json-schema"
    found = ((match, path) for path in folder.iterdir() if (match := _FOLDER.fullmatch(path.name)))
    return dict(sorted((int(match.group(1)), path) for match, path in found))


def newest() -> int:
    """The newest minor version that is known."""
    return max(schema_folders())


def minor_version(text: str) -> int:
    """The minor version of ``1.33``, ``v1.33`` or ``1.33.4``. Raises InputError for one that can't be checked."""
    known = schema_folders()
    match = re.fullmatch(r"v?1\.(0|[1-9][0-9]{0,2})(\.[0-9]+)?", text, re.ASCII)
    if match is None or int(match.group(1)) not in known:
        what = "is not among the versions that can be checked" if match else "is no version of Kubernetes"
        raise InputError(f"{text!r} {what}; expected one from 1.{min(known)} to 1.{max(known)}")
    return int(match.group(1))
