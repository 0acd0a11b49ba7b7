"""The ``local`` section: disks of the nodes themselves."""

from __future__ import annotations

from mountwright.spec.base import Section


class Local(Section):
    """Disks of the nodes themselves: a place for what is declared of them; it has no keys yet."""
