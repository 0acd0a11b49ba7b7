"""YAML text as trees of nodes, with errors that people understand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from mountwright.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 1000
# Nothing is nested deeper than it has brackets and, at the beginning of some line, indentation with '- ' or '? '.
_DEEP_BLOCK = re.compile(rf"^[-?: ]{{{_DEEPEST}}}", re.MULTILINE)


def compose_all(text: str, source: str) -> Iterator[yaml.Node]:
    """Yield the documents' trees. Raises InputError, with the line, for what is no YAML or nested too deeply."""
    loader = None
    try:
        _refuse_deep(text, source)
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        message = f"is no valid YAML: {what}"
        line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else 0
        raise InputError(Problem(source, line, "", message)) from None
    except yaml.reader.ReaderError as error:
        at = text.find(chr(error.character)) if isinstance(error.character, int) else -1
        line = text.count("\n", 0, at) + 1 if at >= 0 else 0
        message = "is no valid YAML: there is a control character, which YAML does not allow"
        raise InputError(Problem(source, line, "", message)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_deep(text: str, source: str) -> None:
    """Trees are made by recursion in C, which ends with a crash some 10,000 levels down; events come without it."""
    if text.count("[") + text.count("{") < _DEEPEST and not _DEEP_BLOCK.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise InputError(Problem(source, 0, "", "is nested too deeply"))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
