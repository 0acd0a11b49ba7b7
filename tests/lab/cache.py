"""The lab's cache: root trees, disk images, snapshots; each built once, found again by what it was made from."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_DIGITS = 12
_KEPT_SECONDS = 30 * 86400


def cache_folder() -> Path:
    """Where everything of the lab lies: MOUNTWRIGHT_CACHE, or ``mountwright`` in the user's cache folder."""
    if chosen := os.environ.get("MOUNTWRIGHT_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mountwright"


def keys_folder() -> Path:
    """Where the lab's login key lies."""
    return cache_folder() / "keys"


def entry(name: str, key: Sequence[str], build: Callable[[Path], None]) -> Path:
    """The folder of one cached thing; built now when it isn't there.

    ``name`` is for people, ``key`` is all that the content depends on. ``build`` gets an empty folder to fill; the
    entry appears under its name only when ``build`` has returned, so that one cut off in the middle leaves nothing
    half-made. Of two programs that come at once one builds and the other waits.
    """
    folder = cache_folder() / "images"
    path = folder / f"{name}-{_digest(key)}"
    if path.is_dir():
        with contextlib.suppress(PermissionError):  # a cache that somebody else has built
            os.utime(path)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{path.name}.lock"):
        if path.is_dir():
            return path
        unfinished = folder / f".{path.name}.building"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir()
        say(f"building {name} (once, kept in {folder})")
        began = time.monotonic()
        try:
            build(unfinished)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        unfinished.rename(path)
        say(f"built {name} in {time.monotonic() - began:.0f} s")
    _prune(folder, name)
    return path


def _prune(folder: Path, name: str) -> None:
    """Remove what this entry was under keys that nobody has asked for in a month: a gigabyte adds up."""
    for other in folder.glob(f"{name}-*"):
        if len(other.name) == len(name) + 1 + _DIGITS and time.time() - other.stat().st_mtime > _KEPT_SECONDS:
            say(f"removing {other.name}, unused for {_KEPT_SECONDS // 86400} days")
            shutil.rmtree(other)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this program, whatever its end; says so when it has to wait for another's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another program that holds {path.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell the person what the lab does; on stderr, at once."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def _digest(key: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in key:
        digest.update(f"{len(part)}:{part}".encode(errors="surrogateescape"))
    return digest.hexdigest()[:_DIGITS]
