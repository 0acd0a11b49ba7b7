"""What is in Secrets: base64, and the keys and user names of Ceph.

Values never get into a message. Sources: ceph-csi internal/util/credentials.go (which keys a driver reads),
pkg/volume/rbd of Kubernetes 1.30 (``parseSecretMap``), src/auth/Crypto.cc of Ceph (what a key is made of).
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part

RBD_TYPE = "kubernetes.io/rbd"
USERS, KEYS = ("userID", "adminID"), ("userKey", "adminKey")
_HEADER = struct.Struct("<HIIH")
_KEY_SIZES = {1: 16, 2: 32}
"""Bytes of the secret by its type: 1 is aes, 2 is aes256k."""
_SIZES = frozenset(_HEADER.size + size for size in _KEY_SIZES.values())


def check_secrets(context: Context) -> Iterator[Fault]:
    """Yield what is wrong inside of Secrets."""
    for secret in context.objects.of("Secret"):
        for key, value in secret.mapping("data").items():
            if isinstance(value, str) and _decode(value) is None:
                yield secret.fault("secret-base64", ("data", key), f"the value of '{key}' is no base64")
        entries = texts(secret)
        if secret.text("type") == RBD_TYPE:
            yield from _check_rbd(secret, entries)
        elif {*USERS, *KEYS} & entries.keys():
            yield from _check_ceph_csi(secret, entries)


def texts(secret: Part) -> dict[str, bytes]:
    """The entries of a Secret as the cluster would have them: stringData wins; what is no base64 is left out."""
    found: dict[str, bytes] = {}
    for key, value in secret.mapping("data").items():
        decoded = _decode(value) if isinstance(value, str) else None
        if decoded is not None:
            found[str(key)] = decoded
    for key, value in secret.mapping("stringData").items():
        if isinstance(value, str):
            found[str(key)] = value.encode(errors="surrogatepass")
    return found


def _decode(text: str) -> bytes | None:
    """Base64 as Go reads it: line ends in it are nothing."""
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _check_rbd(secret: Part, entries: dict[str, bytes]) -> Iterator[Fault]:
    """The Secret of the in-tree driver: one entry; without 'key' the driver takes any of several."""
    if len(entries) > 1 and "key" not in entries:
        message = f"there is no 'key' among {', '.join(map(repr, entries))}, so that the driver takes any of them"
        yield secret.fault("secret-keys", (_field(secret),), message)
    elif not entries and not secret.mapping("data"):
        yield secret.fault("secret-keys", (), "there is no 'key' in it")
    for key, value in entries.items():
        if key == "key" or len(entries) == 1:
            yield from _check_key(secret, key, value)


def _check_ceph_csi(secret: Part, entries: dict[str, bytes]) -> Iterator[Fault]:
    for user, key in zip(USERS, KEYS, strict=True):
        if (user in entries) != (key in entries):
            here, missing = (user, key) if user in entries else (key, user)
            if missing not in secret.mapping("data"):
                yield secret.fault(
                    "secret-keys", (_field(secret, here), here), f"'{here}' is there without '{missing}'"
                )
        if key in entries:
            yield from _check_key(secret, key, entries[key])
        name = entries.get(user)
        if name is None:
            continue
        path = (_field(secret, user), user)
        if name != name.strip():
            yield secret.fault("secret-newline", path, f"the value of '{user}' begins or ends with white space")
        if name.strip().startswith(b"client."):
            yield secret.fault("ceph-user", path, f"'{user}' begins with 'client.'")


def _check_key(secret: Part, name: str, value: bytes) -> Iterator[Fault]:
    path = (_field(secret, name), name)
    stripped = value.strip()
    if value != stripped:
        yield secret.fault("secret-newline", path, f"the value of '{name}' begins or ends with white space")
    if is_ceph_key(stripped):
        return
    inner = _decode(stripped.decode("ascii", "replace"))
    if inner is not None and is_ceph_key(inner.strip()):
        yield secret.fault("secret-encoded-twice", path, f"the value of '{name}' is a Ceph key encoded twice")
    elif _is_raw(stripped) and path[0] == "data":
        message = f"the value of '{name}' is a Ceph key that was not encoded for data"
        yield secret.fault("ceph-key", path, message, "encode it once more for data, or put it under stringData")
    else:
        yield secret.fault("ceph-key", path, f"the value of '{name}' is no Ceph key")


def is_ceph_key(text: bytes) -> bool:
    """Whether a text can be a CephX key: the base64 of a header with type, time and length, and of the secret."""
    try:
        return len(base64.b64decode(text, validate=True)) in _SIZES
    except (binascii.Error, ValueError):
        return False


def _is_raw(raw: bytes) -> bool:
    if len(raw) < _HEADER.size:
        return False
    kind, _, _, length = _HEADER.unpack_from(raw)
    return bool(_KEY_SIZES.get(kind) == length) and len(raw) == _HEADER.size + length


def _field(secret: Part, key: str = "") -> str:
    """Where an entry stands; stringData wins over data."""
    texts = secret.mapping("stringData")
    return "stringData" if (key in texts if key else texts) else "data"
