"""CephX keys: the two kinds that there are, and every way in which people spoil one."""

from __future__ import annotations

import base64
import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.ceph.keys import KeyFaultError, from_secret_data, read_key, strip_key, to_secret_data
from mountwright.secret import mask


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def key(number=1, length=None, secret=bytes(range(16)), seconds=1792000000):
    """The text of a key, made by the format's own description."""
    head = struct.pack("<HIIH", number, seconds, 5, len(secret) if length is None else length)
    return b64(head + secret)


AES = key()
AES256K = key(2, secret=bytes(range(32)))


@pytest.mark.parametrize(("text", "kind", "characters"), [(AES, "aes", 40), (AES256K, "aes256k", 60)])
def test_whole_keys(text, kind, characters):
    """Both kinds are known, with the length in characters that they have in the field."""
    found = read_key(text)
    assert (found.type, found.made, found.text.reveal(), len(text)) == (kind, 1792000000, text, characters)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (AES + "\n", "a newline"),
        ("\r\n" + AES, "a newline"),
        (AES + " ", "white space"),
        (b64(AES), "encoded twice"),
        (b64(AES + "\n"), "encoded twice"),
        ("not a key", "no base64"),
        ("schlüssel", "no base64"),
        (AES[:20] + "\n" + AES[20:], "no base64"),
        (AES[:12], "too short"),
        (AES[:-4], "cut off"),
        (key(length=16, secret=bytes(20)), "followed by something else"),
        (key(length=17), "secret has 17 bytes"),
        (key(2), "secret has 16 bytes"),
        (key(1, secret=bytes(32)), "secret has 32 bytes"),
        (key(3), "of type 3"),
        (key(0, secret=b""), "of type 0"),
        (f"[client.a]\n\tkey = {AES}", "keyring"),
        (f"key = {AES}", "keyring"),
        (b64("hello, this is somebody's text"), "of type"),
    ],
)
def test_what_is_no_key_is_told_apart_and_not_shown(text, words):
    """Each mistake is named, and the message has no part of the text that could be the key."""
    with pytest.raises(KeyFaultError, match=words) as raised:
        read_key(text)
    assert AES[10:] not in str(raised.value)


def test_white_space_of_a_command_is_stripped():
    """`ceph auth get-key` prints no newline, but whoever keeps its answer in a file has one."""
    assert strip_key(f"  {AES}\n").text.reveal() == AES


def test_encoded_once():
    """What goes into a Secret decodes to exactly the key's text."""
    assert base64.b64decode(to_secret_data(read_key(AES)).reveal()) == AES.encode()
    assert from_secret_data(to_secret_data(read_key(AES256K)).reveal()).text.reveal() == AES256K


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (AES, "not encoded"),
        (AES256K, "not encoded"),
        (b64(AES + "\n"), "a newline"),
        (b64(b64(AES)), "encoded twice"),
        (b64(f"[client.a]\nkey = {AES}\n"), "newline|keyring"),
        ("%%%", "no base64"),
        (b64(b"\xff\xfe\x00"), "doesn't decode to the text"),
        ("", "empty"),
    ],
)
def test_mistakes_in_a_secret(data, words):
    """The mistakes that are seen everywhere are named each by itself."""
    with pytest.raises(KeyFaultError, match=words):
        from_secret_data(data)


def test_nothing_shows_a_key():
    """Neither repr nor the mask lets a key through, plain or encoded."""
    found = read_key(AES)
    assert AES not in repr(found)
    assert AES not in mask(f"{AES} {b64(AES)} {b64(AES + chr(10))}", [found.text])
    assert b64(AES) not in mask(f"x{b64(AES)}x", [found.text])


@given(st.text() | st.binary().map(b64) | st.binary().map(b64).map(b64))
def test_any_text_is_a_key_or_a_fault(text):
    """No text makes the reader fail in another way; what it takes is 40 or 60 characters."""
    with contextlib.suppress(KeyFaultError):
        assert len(read_key(text).text.reveal()) in {40, 60}
