"""The values of Secrets and ConfigMaps, from where storage.yml says that they are."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.secret import Secret

if TYPE_CHECKING:
    from mountwright.spec.contents import Content, Value
    from mountwright.yaml_lines import Document

_VAULT_HEADER = b"$ANSIBLE_VAULT;"


def secret_value(value: Value, document: Document, path: tuple[str | int, ...]) -> Secret | str:
    """A Secret's value: text that need not be hidden, or a Secret.

    ``path`` is the value's place in storage.yml, whose ``document`` says which folder files are relative to. A line
    break that ends the only line of a file is left out: it is the editor's, and a key with it is another key. Bytes
    that are no UTF-8 are kept as surrogates. Raises InputError where there is no value, or an empty one.
    """
    if value.plain is not None:
        return value.plain
    if value.env is not None:
        found = os.environ.get(value.env)
        if not found:
            message = f"the environment variable {value.env} is {'not set' if found is None else 'empty'}"
            raise InputError(document.problem((*path, "env"), message))
        return Secret(found)
    raw = _read(str(value.file), document, (*path, "file"))
    if raw.startswith(_VAULT_HEADER):
        message = f"{value.file} is encrypted with Ansible Vault, which can't be read here"
        raise InputError(document.problem((*path, "file"), message))
    if raw.count(b"\n") == 1 and raw.endswith(b"\n"):
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if not raw:
        raise InputError(document.problem((*path, "file"), f"{value.file} is empty"))
    return Secret(raw.decode("utf-8", "surrogateescape"))


def in_base64(value: Secret | str) -> str:
    """A value as it stands in a Secret object."""
    text = value.reveal() if isinstance(value, Secret) else value
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def content_text(content: Content, document: Document, path: tuple[str | int, ...]) -> str:
    """The text under a key of a ConfigMap. Raises InputError for a file that can't be read, or is no UTF-8."""
    if content.text is not None:
        return content.text
    if content.file is None:
        return json.dumps(content.json_value, indent=2, ensure_ascii=False) + "\n"
    try:
        return _read(content.file, document, (*path, "file")).decode("utf-8")
    except UnicodeDecodeError:
        message = f"{content.file} is not UTF-8, and a ConfigMap holds text"
        raise InputError(document.problem((*path, "file"), message)) from None


def _read(file: str, document: Document, path: tuple[str | int, ...]) -> bytes:
    try:
        return (Path(document.source).parent / Path(file).expanduser()).read_bytes()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(document.problem(path, f"{file} can't be read: {reason}")) from None
