"""The Jinja environment: templates of files, and expressions in the inventory's variables.

Jinja2 is imported when the first template is rendered, not before: most inventories have none, and importing it
takes longer than listing the tasks may take.
"""

from __future__ import annotations

import base64
import functools
import os
import re
from collections import ChainMap
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mountwright.errors import InputError, Problem
from mountwright.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    import jinja2

_TRUE = {"y", "yes", "on", "1", "true", "t", "1.0"}
_SINGLE_EXPRESSION = re.compile(r"\s*\{\{(?P<expression>(?:(?!\{\{|\}\}|\{%).)*)\}\}\s*", re.DOTALL)


def is_template(text: str) -> bool:
    """Whether there is anything for Jinja to do in ``text``."""
    return "{{" in text or "{%" in text or "{#" in text


def render_string(text: str, variables: Mapping[str, Any], *, source: str, key: str, line: int = 0) -> str:
    """Return ``text`` with its Jinja expressions replaced.

    ``variables`` may be lazy: only names that the template really uses are looked up. ``source``, ``line`` and
    ``key`` say in errors where the text comes from. Raises InputError for a name that is not defined, for what is
    no valid template, and for an expression that fails.
    """
    if not is_template(text):
        return text
    return str(_run(text, variables, Problem(source, line, key, ""), native=False))


def evaluate(text: str, variables: Mapping[str, Any], *, source: str, key: str, line: int = 0) -> Any:
    """Return the value of ``text``: like :func:`render_string`, but one lone expression keeps its type.

    ``"{{ ports }}"`` is the list that ``ports`` is, as in Ansible.
    """
    if not is_template(text):
        return text
    return _run(text, variables, Problem(source, line, key, ""), native=True)


def render_file(name: str, /, **variables: Any) -> str:
    """Return the template file ``name`` ("nfs/nfs.conf.j2") rendered with ``variables``.

    It is looked for in the folder ``templates`` of the current directory (the operator's project), then among
    those that come with Mountwright. Raises InputError like :func:`render_string`, naming the template's line.
    """
    import jinja2  # noqa: PLC0415 - imported when needed

    try:
        return _file_environment(str(Path.cwd())).get_template(name).render(variables)
    except jinja2.TemplateNotFound as error:
        raise InputError(Problem(name, 0, "", f"the template {error.name} does not exist")) from None
    except jinja2.TemplateSyntaxError as error:
        raise InputError(
            Problem(error.filename or name, error.lineno, "", f"is no valid template: {error}")
        ) from None
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - a template can raise anything
        source, line = _innermost_template_line(error, name)
        raise InputError(Problem(source, line, "", _why(error))) from None


def names_in(text: str) -> set[str]:
    """Return the variables that a template refers to; none when it is no valid template."""
    import jinja2.meta  # noqa: PLC0415 - imported when needed

    try:
        return set(jinja2.meta.find_undeclared_variables(_environment().parse(text)))
    except jinja2.TemplateError:
        return set()


def _run(text: str, variables: Mapping[str, Any], place: Problem, *, native: bool) -> Any:
    import jinja2  # noqa: PLC0415 - imported when needed

    environment = _environment()
    scope = ChainMap(cast("MutableMapping[str, Any]", variables), environment.globals)
    try:
        single = _SINGLE_EXPRESSION.fullmatch(text) if native else None
        if single:
            return _evaluate(single["expression"].strip("-+ \t\n"), scope)
        template = _compiled(text)
        # shared=True hands the mapping to the template as it is: it stays lazy.
        context = template.new_context(cast("dict[str, Any]", scope), shared=True)
        return "".join(template.root_render_func(context))
    except InputError:
        raise
    except jinja2.TemplateSyntaxError as error:
        message = f"is no valid template: {error.message}"
    except Exception as error:  # noqa: BLE001 - an expression can raise anything
        message = _why(error)
    raise InputError(Problem(place.source, place.line, place.key, message))


def _evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of one expression. An undefined one raises, as it would if it were printed."""
    import jinja2  # noqa: PLC0415 - imported when needed

    found: list[Any] = []
    template = _compiled("{% set _ = keep(" + expression + ") %}")
    maps = ChainMap({"keep": found.append}, cast("MutableMapping[str, Any]", scope))
    "".join(template.root_render_func(template.new_context(cast("dict[str, Any]", maps), shared=True)))
    if isinstance(found[0], jinja2.Undefined):
        str(found[0])  # raises UndefinedError with its message
    return found[0]


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> jinja2.Template:
    return _environment().from_string(text)


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return _make_environment(None)


@functools.lru_cache(maxsize=4)
def _file_environment(project: str) -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 - imported when needed

    return _make_environment(jinja2.FileSystemLoader([Path(project) / "templates", bundled("templates")]))


def _make_environment(loader: jinja2.BaseLoader | None) -> jinja2.Environment:
    import jinja2.sandbox  # noqa: PLC0415 - imported when needed

    environment = jinja2.sandbox.SandboxedEnvironment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # config files and manifests, no HTML
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=loader is not None,
    )
    environment.filters.update(_FILTERS)
    environment.globals["lookup"] = _lookup
    return environment


def _why(error: Exception) -> str:
    """What went wrong in a template, in one sentence."""
    import jinja2  # noqa: PLC0415 - imported when needed

    text = str(error) or type(error).__name__
    if isinstance(error, jinja2.UndefinedError):
        return f"the template can't be rendered: {text}; define it, or give it a default with | default(...)"
    return f"the template can't be rendered: {text}"


def _innermost_template_line(error: Exception, name: str) -> tuple[str, int]:
    """Jinja rewrites tracebacks so that frames of templates carry the template's file and line."""
    found, trace = (name, 0), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name in ("top-level template code", "<template>") or (
            "__jinja_template__" in trace.tb_frame.f_globals
        ):
            found = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _lookup(plugin: str, *terms: str) -> str:
    """Ansible's ``lookup``, as far as an inventory needs it: environment variables."""
    if plugin not in ("env", "ansible.builtin.env"):
        raise ValueError(f"lookup({plugin!r}) is not available here; lookup('env', NAME) is")
    return ",".join(os.environ.get(term, "") for term in terms)


def _bool(value: Any) -> bool:
    return str(value).strip().lower() in _TRUE


def _mandatory(value: Any, message: str = "") -> Any:
    import jinja2  # noqa: PLC0415 - imported when needed

    if isinstance(value, jinja2.Undefined):
        raise jinja2.UndefinedError(message or "a mandatory variable is not defined")
    return value


def _regex_replace(value: Any, pattern: str = "", replacement: str = "") -> str:
    return re.sub(pattern, replacement, str(value))


# The filters of Ansible's that inventories use for addresses and names; Jinja's own are there besides.
_FILTERS: dict[str, Callable[..., Any]] = {
    "b64decode": lambda value: base64.b64decode(str(value)).decode(),
    "b64encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "basename": lambda value: os.path.basename(str(value)),  # noqa: PTH119 - a remote path, as text
    "bool": _bool,
    "dirname": lambda value: os.path.dirname(str(value)),  # noqa: PTH120 - a remote path, as text
    "mandatory": _mandatory,
    "regex_replace": _regex_replace,
    "split": lambda value, separator=None: str(value).split(separator),
}
