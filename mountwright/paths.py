"""Where the files lie that are no Python modules of this package: templates, roles, the verify suite."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(relative: str) -> Path:
    """Return the path of something that travels with Mountwright, named as in the repository.

    In a checkout that is the repository itself; in an installed wheel it is the package's folder ``_bundled``.
    Raises FileNotFoundError when neither has it, which means that the installation is broken.
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        found = root / relative
        if found.exists():
            return found
    raise FileNotFoundError(f"{relative} is missing beside {_PACKAGE}: this installation of mountwright is broken")
