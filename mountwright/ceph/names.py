"""Names that Ceph gives to things, as far as Mountwright takes them.

Ceph itself takes nearly any text for a pool, and monitors that store capabilities read none of it: what a space, a
comma or a slash in a name does is found out when the first client is refused. So names are held to the characters
that every command, capability and StorageClass parameter takes as they are.
"""

from __future__ import annotations

import re

NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
"""A pool, rados namespace, file system or subvolume group, as a regular expression."""

CLIENT = rf"client\.{NAME}"
"""A user that is no daemon, as a regular expression."""

EXPECTED = "letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_', 128 characters at most"
"""The rule of :data:`NAME` in words."""

ADMIN = "client.admin"
"""The user with all rights that every cluster has: only ever read."""

_BOOTSTRAP = "client.bootstrap-"


def is_name(text: str) -> bool:
    """Whether it can be the name of a pool, rados namespace, file system or subvolume group."""
    return re.fullmatch(NAME, text, re.ASCII) is not None


def is_client(text: str) -> bool:
    """Whether it can be the name of a user (``client.kubernetes``)."""
    return re.fullmatch(CLIENT, text, re.ASCII) is not None


def is_reserved(user: str) -> bool:
    """Whether a user belongs to the cluster itself: client.admin, and those that new daemons start with."""
    return user == ADMIN or user.startswith(_BOOTSTRAP)
