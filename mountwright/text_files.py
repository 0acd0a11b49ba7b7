"""The operator's files as text: what is none is a clear error, and nothing is waited for."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from mountwright.errors import InputError, Problem

if TYPE_CHECKING:
    from pathlib import Path

VAULT_ADVICE = "decrypt it (ansible-vault decrypt) or keep the secret elsewhere"
_VAULT_HEADER = "$ANSIBLE_VAULT;"
_MEBIBYTE = 1024 * 1024
_LARGEST = 64 * _MEBIBYTE
"""Bytes. 10,000 objects are about 10 MiB; a file of a gigabyte, read by mistake, would take all memory."""


def read_text(path: Path, *, errors: str = "strict") -> str:
    """Return the text of a file of the operator's, or of a pipe that somebody writes to (``<(helm template .)``).

    Raises InputError when it can't be read, is larger than 64 MiB, is vaulted, or has bytes that aren't UTF-8, unless
    ``errors`` is ``surrogateescape``, which keeps them.
    """
    try:
        raw = _read(path)
    except OSError as error:
        raise InputError(Problem(str(path), 0, "", f"can't be read: {error.strerror}")) from None
    if len(raw) > _LARGEST:
        message = f"is larger than {_LARGEST // _MEBIBYTE} MiB; split it, or name the file that is meant"
        raise InputError(Problem(str(path), 0, "", message))
    try:
        text = raw.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8: there is a byte 0x{raw[error.start]:02x}; save the file as UTF-8"
        raise InputError(Problem(str(path), line, "", message)) from None
    if text.startswith(_VAULT_HEADER):
        message = f"the file is encrypted with Ansible Vault, which can't be read here: {VAULT_ADVICE}"
        raise InputError(Problem(str(path), 1, "", message))
    return text


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a named pipe waits for somebody to write to it, maybe for ever.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISREG(mode):
            return file.read(_LARGEST + 1)
        if not stat.S_ISFIFO(mode):
            raise InputError(Problem(str(path), 0, "", "can't be read: it is a device or socket, not a file"))
        os.set_blocking(file.fileno(), True)
        raw = file.read(_LARGEST + 1)
    if not raw:
        raise InputError(Problem(str(path), 0, "", "can't be read: it is a pipe, and nobody has written to it"))
    return raw
