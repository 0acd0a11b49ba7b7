"""The Jinja environment."""

import subprocess
import sys

import pytest

from mountwright.errors import InputError
from mountwright.templates import evaluate, render_file, render_string


def why(text, variables=None):
    with pytest.raises(InputError) as caught:
        evaluate(text, variables or {}, source="f.yml", line=3, key="k")
    return str(caught.value)


def test_text_without_templates_never_touches_jinja():
    """Plain text is returned as it is, and Jinja2 is not even imported for it."""
    program = (
        "import sys; from mountwright.templates import render_string; "
        "print(render_string('plain', {}, source='', key='')); print('jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "plain\nFalse\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ n }}", 5),
        (" {{ l }} ", [1, 2]),
        ("{{ l[1] }}{{ n }}", "25"),
        ("{{ missing | default('x') }}", "x"),
        ("{{ missing is defined }}", False),
        ("{% if n == 5 %}yes{% endif %}", "yes"),
        ("<{{ '<&>' }}>", "<<&>>"),
        ("{{ 'a.b' | split('.') | last }}", "b"),
        ("{{ 'yes' | bool }}", True),
        ("{{ '/a/b' | basename }}{{ '/a/b' | dirname }}", "b/a"),
        ("{{ 'node7' | regex_replace('[a-z]+', 'n') }}", "n7"),
        ("{{ 'aGk=' | b64decode }}", "hi"),
        ("{{- n -}}", 5),
        ("{{ {'a': {'b': n}}.a.b }}", 5),
        ("{# note #}{{ n }}{# note #}x", "5x"),
        ("pass{#word", "pass{#word"),
        ("{{ -n }}", -5),
        ("{{-n}}", 5),
        ("{{ '}}' }}", "}}"),
        ("{{ l, n }}", ([1, 2], 5)),
        ("{{ n if n }}", 5),
        ("{{ range(2) | list }}", [0, 1]),
    ],
)
def test_values(text, expected):
    """Expressions are evaluated; one that stands alone keeps its type; nothing is escaped for HTML."""
    assert expected == evaluate(text, {"n": 5, "l": [1, 2]}, source="f", key="k")


def test_rendered_text_keeps_its_last_newline():
    """Files end with the newline that their template ends with."""
    assert render_string("{{ a }}\n", {"a": 1}, source="f", key="k") == "1\n"


def test_only_used_variables_are_looked_up():
    """A template asks for the names that are in it; one that can't be rendered matters only where it is used."""

    class Lazy(dict):
        def __getitem__(self, name):
            if name == "broken":
                raise InputError("broken is broken")
            return super().__getitem__(name)

        def __iter__(self):
            raise AssertionError("nobody may go through all variables")

    variables = Lazy(a=True, b=2, broken=None)
    assert evaluate("{{ b if a else broken }}", variables, source="f", key="k") == 2
    assert evaluate("{% if a %}x{% else %}{{ broken }}{% endif %}", variables, source="f", key="k") == "x"
    assert why("{{ broken }}", variables) == "broken is broken"
    assert why("{{ broken.more }}{{ b }}", variables) == "broken is broken"


def test_environment_variables(monkeypatch):
    """lookup('env', ...) gives the operator's environment, as secrets are often passed."""
    monkeypatch.setenv("SOME_SECRET", "s3cret")
    assert evaluate("{{ lookup('env', 'SOME_SECRET') }}", {}, source="f", key="k") == "s3cret"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ x }}", "'x' is undefined; define it, or give it a default with | default(...)"),
        ("{{ a.b }}", "'dict object' has no attribute 'b'; define it, or give it a default with | default(...)"),
        ("{{ x | mandatory }}",
         "a mandatory variable is not defined; define it, or give it a default with | default(...)"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ lookup('file', '/etc/shadow') }}", "lookup('file') is not available here; lookup('env', NAME) is"),
    ],
)  # fmt: skip
def test_failures(text, expected):
    """What can't be rendered is bad input with its file, line and key."""
    assert f"f.yml:3: k: the template can't be rendered: {expected}" == why(text, {"a": {}})


@pytest.mark.parametrize("text", ["{{ }}", "{{ a", "{% if %}", "{{ 'x' | no_such_filter }}", "{{ a b }}"])
def test_what_is_no_template(text):
    """Syntax errors and unknown filters are bad input, too."""
    assert why(text).startswith("f.yml:3: k: is no valid template: ")


def test_templates_reach_no_python():
    """An expression can't climb from a value to the interpreter."""
    assert "f.yml:3: k: the template can't be rendered: " in why("{{ ''.__class__.__mro__[1].__subclasses__() }}")


def test_file_templates_of_the_project_come_first(tmp_path, monkeypatch):
    """A template in the project's own folder is taken, and its faults have file and line."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.j2").write_text("{% for a in l %}\n  - {{ a }}\n{% endfor %}\n")
    (tmp_path / "templates" / "bad.j2").write_text("one\n{{ nothing }}\n")
    (tmp_path / "templates" / "wrong.j2").write_text("one\n{% endfor %}\n")
    monkeypatch.chdir(tmp_path)
    assert render_file("x.j2", l=[1, 2]) == "  - 1\n  - 2\n"
    with pytest.raises(InputError) as caught:
        render_file("bad.j2")
    assert str(caught.value) == (
        f"{tmp_path}/templates/bad.j2:2: the template can't be rendered: 'nothing' is undefined; "
        "define it, or give it a default with | default(...)"
    )
    with pytest.raises(InputError, match=r"wrong.j2:2: is no valid template: "):
        render_file("wrong.j2")
    with pytest.raises(InputError) as caught:
        render_file("none.j2")
    assert str(caught.value) == "none.j2: the template none.j2 does not exist"
