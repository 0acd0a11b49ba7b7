"""What the lab raises when it can't."""

from __future__ import annotations


class LabError(Exception):
    """The lab can't do what was asked; the message says why and what to do."""
