"""The key ``kubernetes.lint``: what ``k8s.lint`` is to leave out."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from mountwright.spec.base import Section
from mountwright.spec.values import refused, text

_RULE = r"[a-z0-9]+(-[a-z0-9]+)*"


def _rule(value: Any) -> str:
    name = text(value, "the id of a rule like same-storage")
    if not re.fullmatch(_RULE, name, re.ASCII):
        raise refused(f"{name!r} is no id of a rule; expected one of docs/lint-rules.md, like same-storage")
    return name


# Which rules there are is known to the linter, which stands above the models.
RuleName = Annotated[str, BeforeValidator(_rule), WithJsonSchema({"type": "string", "pattern": f"^{_RULE}$"})]


class Lint(Section):
    """What ``k8s.lint`` is to leave out."""

    disable: tuple[RuleName, ...] = Field(default=(), examples=[["same-storage"]])
    """Ids of rules that are left out, as docs/lint-rules.md lists them."""
