"""Quoting and scripts."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mountwright.secret import Secret, mask
from mountwright.shell import Script, quote

NASTY = ["$(touch /tmp/x)", "`id`", "a'b", 'a"b', "-n", "", "\n", "a\\", "*", "é\x01", "; rm -rf /", "!!", "~"]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=5))
@example(NASTY)
def test_every_value_arrives_byte_for_byte(words):
    """Values and arguments are what the shell sees, whatever they hold."""
    script = Script('printf "<%s>" "$value" "$@"', {"value": words[0] if words else ""}, arguments=words)
    done = subprocess.run(["sh", "-s"], input=script.render().encode(), capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"<{word}>" for word in [words[0] if words else "", *words])


def test_bytes_that_are_no_utf8_are_kept():
    """A name in Latin-1 reaches the host as it is."""
    program = Script('printf %s "$value"', {"value": b"caf\xe9"}).render()
    done = subprocess.run(
        ["sh", "-s"], input=program.encode("utf-8", "surrogateescape"), capture_output=True, check=True
    )
    assert done.stdout == b"caf\xe9"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "'1'"), (False, "''"), (7, "'7'"), (PurePosixPath("/a b"), "'/a b'"), (Secret("k'"), "'k'\\'''")],
)
def test_kinds_of_values(value, expected):
    """Numbers, flags, paths and secrets are words like all others."""
    assert quote(value) == expected


def test_nul_is_refused():
    """No shell can hold a NUL byte."""
    with pytest.raises(ValueError, match="NUL byte"):
        quote("a\0b")


def test_a_name_that_is_code_is_refused():
    """Only names of variables can stand on the left of an assignment."""
    with pytest.raises(ValueError, match="no name for a shell variable"):
        Script("", {"a b": 1}).render()


class TestSecret:
    def test_it_is_never_shown(self):
        """repr, str and formats show the mask."""
        secret = Secret("hunter22")
        assert "hunter22" not in f"{secret!r} {secret} {secret:>30} {[secret]} {Script('', {'p': secret})!r}"

    def test_mask_finds_plain_and_base64(self):
        """Base64 with and without a trailing newline inside is found as well."""
        secret = Secret("AQBxyz==")
        text = "plain AQBxyz== b64 QVFCeHl6PT0= newline QVFCeHl6PT0K end"
        assert mask(text, [secret]) == "plain ******** b64 ******** newline ******** end"

    def test_longer_secrets_are_masked_first(self):
        """A secret that contains another leaves no remainder."""
        assert mask("abcdef", [Secret("abc"), Secret("abcdef")]) == "********"
