"""The Jinja environment: templates of files, and expressions in the inventory's variables.

Jinja2 is imported when the first template is rendered, not before: most inventories have none, and importing it
takes longer than listing the tasks may take.
"""

from __future__ import annotations

import base64
import functools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mountwright.errors import InputError, Problem
from mountwright.paths import bundled
from mountwright.yaml_text import to_yaml, to_yaml_block

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2

_TRUE = {"y", "yes", "on", "1", "true", "t", "1.0"}


def is_template(text: str) -> bool:
    """Whether there is anything for Jinja to do in ``text``."""
    return "{{" in text or "{%" in text


def render_string(text: str, variables: Mapping[str, Any], *, source: str, key: str, line: int = 0) -> str:
    """Return ``text`` with its Jinja expressions replaced.

    ``variables`` may be lazy: only names that are in the template are looked up. ``source``, ``line`` and
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


class _Scope(Mapping[str, Any]):
    """What a template can see: the variables, then Jinja's own functions.

    Jinja looks up all names of a template before it runs, those on ways not taken too. So a variable that can't be
    rendered becomes an undefined value, which raises its InputError when it is used, and only then.
    """

    def __init__(self, variables: Mapping[str, Any], functions: Mapping[str, Any]) -> None:
        self._variables = variables
        self._functions = functions

    def __getitem__(self, name: str) -> Any:
        import jinja2  # noqa: PLC0415 - imported when needed

        if name not in self._variables:
            return self._functions[name]
        try:
            return self._variables[name]
        except InputError as error:
            fault = error
            return jinja2.StrictUndefined(name=name, exc=lambda _message: fault)  # type: ignore[arg-type] # raised, not made

    def __contains__(self, name: object) -> bool:
        return name in self._variables or name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter({**self._functions, **dict.fromkeys(self._variables)})

    def __len__(self) -> int:
        return len(set(self._functions) | set(self._variables))


def _run(text: str, variables: Mapping[str, Any], place: Problem, *, native: bool) -> Any:
    import jinja2  # noqa: PLC0415 - imported when needed

    functions = _environment().globals
    try:
        expression = _lone_expression(text.strip()) if native else None
        if expression is None:
            return _output(_compiled(text), _Scope(variables, functions))
        found: list[Any] = []
        keeper = _compiled("{% set _ = keep((" + expression + ")) %}")
        _output(keeper, _Scope(variables, {**functions, "keep": found.append}))
        if isinstance(found[0], jinja2.Undefined):
            str(found[0])  # raises, as it would if it were printed
        return found[0]
    except InputError:
        raise
    except jinja2.TemplateSyntaxError as error:
        message = f"is no valid template: {error.message}"
    except Exception as error:  # noqa: BLE001 - an expression can raise anything
        message = _why(error)
    raise InputError(Problem(place.source, place.line, place.key, message))


def _output(template: jinja2.Template, scope: _Scope) -> str:
    # shared=True hands the mapping to the template as it is: it stays lazy.
    context = template.new_context(cast("dict[str, Any]", scope), shared=True)
    return "".join(template.root_render_func(context))


@functools.lru_cache(maxsize=1024)
def _lone_expression(text: str) -> str | None:
    """The expression in ``{{ ... }}`` when the text is that and nothing else; None otherwise."""
    from jinja2 import nodes  # noqa: PLC0415 - imported when needed

    body = _environment().parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return None
    parts = body[0].nodes
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData) or not text.startswith("{{"):
        return None
    inner = text[2:-2]
    # A sign right at the braces controls white space; it is none of the expression.
    return inner[inner[0] in "-+" : len(inner) - (inner[-1] in "-+")]


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


def _yaml(value: Any) -> str:
    import jinja2  # noqa: PLC0415 - imported when needed

    return to_yaml(str(value) if isinstance(value, jinja2.Undefined) else value)  # str() of what is undefined raises


def _yaml_block(value: Any, indent: int) -> str:
    return to_yaml_block(str(value), indent)


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
    "yaml": _yaml,
    "yaml_block": _yaml_block,
}
