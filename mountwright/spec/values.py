"""The kinds of scalar values in storage.yml: what each accepts, in words that tell an operator what was expected.

Each kind is an annotated ``str`` or ``int``. Its check raises ``Refused``, whose text becomes the Problem's message,
and its JSON Schema says as much of the rule as JSON Schema can.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from mountwright.nfs.escapes import survives_etab, to_bytes
from mountwright.nfs.grammar import normalise_path

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_PATH = 1024  # bytes; NFS_MAXPATHLEN
_LONGEST_PART = 255  # bytes; NAME_MAX of Linux
_LONGEST_NAME = 253  # RFC 1123 subdomain, as Kubernetes takes it
_HIGHEST_ID = 2**32 - 2  # 2^32 - 1 means "no change" to chown
_HIGHEST_PORT = 65535
KUBERNETES_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""An RFC 1123 label, as a regular expression."""
_SUBDOMAIN = rf"{KUBERNETES_LABEL}(\.{KUBERNETES_LABEL})*"
_USER = r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?"


def refused(message: str) -> PydanticCustomError:
    """An error whose text is shown to the operator as it is."""
    return PydanticCustomError("refused", "{text}", {"text": message})


def found(value: object) -> str:
    """How a value looks to the operator: the kind of thing that YAML made of it, and the value."""
    if isinstance(value, str):
        return f"the text {value!r}" if value else "an empty text"
    if isinstance(value, bool):
        return f"the YAML word {str(value).lower()} (yes, no, on, off, true and false need quotes to be text)"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    for kind, name in ((dict, "a mapping"), (list, "a list"), (type(None), "nothing")):
        if isinstance(value, kind):
            return name
    return f"{value} ({type(value).__name__}), which needs quotes to be text"


def text(value: Any, expected: str) -> str:
    """``value`` when it is printable text that is not empty; raises what was expected otherwise."""
    if not isinstance(value, str) or not value:
        raise refused(f"expected {expected}, found {found(value)}")
    if not value.isprintable():
        raise refused(f"{value!r} has characters that can't be printed; expected {expected}")
    return str(value)


def _absolute_path(value: Any) -> str:
    path = text(value, "an absolute path like /srv/nfs/pv1")
    if not path.startswith("/"):
        raise refused(f"{path!r} is a relative path; expected an absolute one like /srv/nfs/pv1")
    plain = normalise_path(path)
    if path != plain:
        raise refused(f"{path!r} is not in its plain form (no '//', '.', '..' or '/' at the end); write {plain!r}")
    _refuse_long(path)
    return path


def _refuse_long(path: str) -> None:
    if len(to_bytes(path)) > _LONGEST_PATH:
        raise refused(f"the path is {len(to_bytes(path))} bytes long; NFS takes {_LONGEST_PATH} at most")
    longest = max(len(to_bytes(part)) for part in path.split("/"))
    if longest > _LONGEST_PART:
        raise refused(f"a name in the path is {longest} bytes long; file systems take {_LONGEST_PART} at most")


def _export_path(value: Any) -> str:
    path = _absolute_path(value)
    if path == "/":
        raise refused("'/' would export the whole system; expected a directory below it, like /srv/nfs/pv1")
    if not survives_etab(path):
        raise refused(
            f"{path!r} has a backslash before three octal digits, which nfs-utils can't read back from its own "
            "table; expected another name"
        )
    return path


def _subdirectory(value: Any) -> str:
    path = text(value, "a path below the export, like team-a/data")
    if path.startswith("/"):
        raise refused(f"{path!r} is absolute; expected a path below the export, like {path.strip('/') or 'team-a'!r}")
    if path != posixpath.normpath(path) or path.split("/")[0] in {"..", "."}:
        raise refused(f"{path!r} is not in its plain form (no '//', '.', '..' or '/' at the end)")
    _refuse_long(path)
    return path


def _mode(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refused(f'YAML takes the mode for the number {value}; write it in quotes, like "0777"')
    mode = text(value, 'an octal mode in quotes, like "0777"')
    if not re.fullmatch(r"[0-7]{3,4}", mode, re.ASCII):
        raise refused(f'{mode!r} is no mode; expected three or four octal digits in quotes, like "0777"')
    return mode.rjust(4, "0")


def _account(kind: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        name = text(value, f"the name or number of a {kind}")
        if re.fullmatch(r"[0-9]+", name, re.ASCII):
            if int(name) > _HIGHEST_ID:
                raise refused(f"{name} is above {_HIGHEST_ID}, the highest number that a {kind} can have")
            return str(int(name))
        if not re.fullmatch(_USER, name, re.ASCII):
            raise refused(f"{name!r} is no name of a {kind}; expected letters, digits, '.', '_', '-', or a number")
        return name

    return check


def kubernetes_name(value: Any) -> str:
    """The name of most kinds of objects; raises what was expected otherwise."""
    name = text(value, "a name of lower-case letters, digits, '-' and '.'")
    if re.fullmatch(_SUBDOMAIN, name, re.ASCII) and len(name) <= _LONGEST_NAME:
        return name
    better = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")
    hint = f"; did you mean {better!r}?" if re.fullmatch(_SUBDOMAIN, better) and better != name else ""
    raise refused(
        f"{name!r} is no Kubernetes name (DNS-1123): expected lower-case letters, digits, '-' and '.', beginning and "
        f"ending with a letter or digit, {_LONGEST_NAME} characters at most{hint}"
    )


def _storage_class(value: Any) -> str:
    return "" if value == "" else kubernetes_name(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refused(f"expected true or false, found {found(value)}")
    return value


def _any_text(value: Any) -> str:
    return text(value, "text")


def whole_number(low: int, high: int) -> Callable[[Any], int]:
    """The check of a whole number between two bounds, both included."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise refused(f"expected a whole number between {low} and {high}, found {found(value)}")
        return value

    return check


def _pattern(value: Any) -> str:
    return text(value, "the name of a group or host of the inventory, or a pattern of them")


def _port(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _HIGHEST_PORT:
        raise refused(f"expected a port, a whole number between 1 and {_HIGHEST_PORT}, found {found(value)}")
    return value


def _mount_option(value: Any) -> str:
    option = text(value, "a mount option like nfsvers=4.1")
    if "," in option:
        raise refused(f"{option!r} has a comma; write each mount option as an item of its own")
    if re.search(r"\s", option) or option.startswith("-"):
        raise refused(f"{option!r} is no mount option of nfs(5); expected one like hard or nfsvers=4.1")
    return option


def _schema(pattern: str | None = None, **extra: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **({"pattern": f"^({pattern})$"} if pattern else {}), **extra})


_ACCOUNT_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string", "pattern": f"^({_USER}|[0-9]+)$"}, {"type": "integer", "minimum": 0}]}
)

AbsolutePath = Annotated[str, BeforeValidator(_absolute_path), _schema("/.*")]
ExportPath = Annotated[str, BeforeValidator(_export_path), _schema("/.+")]
Subdirectory = Annotated[str, BeforeValidator(_subdirectory), _schema("[^/].*")]
Mode = Annotated[str, BeforeValidator(_mode), _schema("[0-7]{3,4}")]
User = Annotated[str, BeforeValidator(_account("user")), _ACCOUNT_SCHEMA]
Group = Annotated[str, BeforeValidator(_account("group")), _ACCOUNT_SCHEMA]
KubernetesName = Annotated[str, BeforeValidator(kubernetes_name), _schema(_SUBDOMAIN, maxLength=_LONGEST_NAME)]
StorageClassName = Annotated[
    str, BeforeValidator(_storage_class), _schema(f"({_SUBDOMAIN})?", maxLength=_LONGEST_NAME)
]
Pattern = Annotated[str, BeforeValidator(_pattern), _schema(minLength=1)]
Port = Annotated[
    int, BeforeValidator(_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT})
]
MountOption = Annotated[str, BeforeValidator(_mount_option), _schema(r"[^,\s-][^,\s]*")]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Text = Annotated[str, BeforeValidator(_any_text), _schema(minLength=1)]
