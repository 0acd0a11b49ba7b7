"""Values as YAML: whatever they are, every reader takes them for the same."""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mountwright.yaml_text import to_yaml, to_yaml_block

HOSTILE = [
    "", " ", "a ", " a", "yes", "No", "y", "on", "NULL", "~", "true", "0x1F", "0o17", "017", "1e3", "1_000",
    "12:30:45", "1.5", ".inf", ".NaN", "-.5", "2001-12-14", "-", "- a", "*a", "&a", "!a", "%a", "@a", "`a", "|",
    ">", "?", "? a", ":", "a: b", "a:", ":a", "a #b", "#", "{{ a }}", "{% a %}", "{a}", "[a]", "a,b", "'", '"',
    "\\", "\\n", "a\nb", "\n", "\r", "a\tb", "\t", "\x85", "\u2028", "\u2029", "\xa0", "\ufeff", "\x00", "\x7f",
    "\x1b[31m", "\U0001f600", "\ufffe", "=", "<<", "---", "...", "--- a", "!!str a", "a\n---\nb", "null",
    "Null", "0", "-1", "+1", "1Gi", "10Gi", "5Zi", "1E", "0b1", "\u00e9", "a/b", "/", "//x", "/a:b", "a:/b",
    "$(x)", "${a}",
]  # fmt: skip
# YAML 1.2, section 10.3.2: what a plain scalar of the core schema is if it is no text.
CORE = [
    r"null|Null|NULL|~|",
    r"true|True|TRUE|false|False|FALSE",
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN",
]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXT | st.sampled_from(HOSTILE) | st.integers(-(10**20), 10**20) | st.booleans() | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | st.sampled_from(HOSTILE), inner, max_size=4),
)  # fmt: skip


def read(text):
    """What both of PyYAML's parsers make of a text; they are two programs."""
    both = [yaml.load(text, Loader=loader) for loader in (yaml.SafeLoader, yaml.CSafeLoader)]  # noqa: S506 - both are safe
    assert both[0] == both[1]
    return both[0]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_comes_back(value):
    """As a value, as a key, in a list, and within a flow mapping."""
    assert read(f"a: {to_yaml(value)}\n") == {"a": value}
    assert read(f"{to_yaml(value)}: 1\n") == {value: 1}
    assert read(f"a:\n  - {to_yaml(value)}\n") == {"a": [value]}
    assert read(f"a: {{b: {to_yaml(value)}, c: [{to_yaml(value)}]}}\n") == {"a": {"b": value, "c": [value]}}


@given(VALUES)
def test_any_value_comes_back(value):
    """Nothing is lost or taken for something else, whatever the nesting."""
    back = read(f"a: {to_yaml(value)}\n")["a"]
    assert back == value
    assert type(back) is type(value)


@given(TEXT | st.sampled_from(HOSTILE))
@example("10Gi")
def test_what_is_plain_is_text_in_yaml_1_2_too(value):
    """A text without quotes matches none of the forms that YAML 1.2 and Go's reader take for something else."""
    written = to_yaml(value)
    if not written.startswith('"'):
        assert not any(re.fullmatch(form, written) for form in CORE)
        assert not re.match(r"[-?:,\[\]{}#&*!|>'\"%@`\s]", written)
        assert written == value


@pytest.mark.parametrize(
    "value", ["a\nb", "a\n\nb\n", "a\n  b\n\n\n", "{\n  }\n", "a\t\n\tb\n", "# a\n# b", "a: b\n- c\n"]
)
def test_lines_are_a_block(value):
    """Text of several lines is written as people read it."""
    written = to_yaml_block(value, 4)
    assert written.startswith("|")
    assert read(f"a:\n  b: {written}\n  c: 1\n") == {"a": {"b": value, "c": 1}}


@given(st.text(alphabet=st.sampled_from("a \n\t#:-'\"\\\r\x85\u2028\ufeff|{}é\U0001f600")) | TEXT)
@example("\n")
@example("\n\n")
@example(" a\nb")
@example("a\n \n")
@example("a\n\n\n")
def test_any_block_comes_back(value):
    """Blank lines, blanks at the ends, and line breaks at the end included; what follows is not swallowed."""
    written = to_yaml_block(value, 4)
    assert read(f"a:\n  b: {written}\n  c: 1\n") == {"a": {"b": value, "c": 1}}


def test_half_of_a_surrogate_pair_is_refused():
    """No UTF-8 file can hold it."""
    with pytest.raises(ValueError, match="surrogates not allowed"):
        to_yaml("a\ud800")


def test_other_types_are_refused():
    """What has no meaning in YAML is an error, and no repr()."""
    with pytest.raises(TypeError, match="a set can't be written as YAML"):
        to_yaml({"a": {1}})
