"""Capabilities: what is the same, what is wider, and what a person may write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.ceph.caps import check, compare, doubts, grants, shown
from mountwright.ceph.profiles import cephfs_caps, rbd_caps


def same(one, other):
    return not compare({"osd": one}, {"osd": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("profile rbd pool=a, profile rbd pool=b", "profile rbd pool=b,profile rbd pool=a"),
        ("profile rbd pool=a; profile rbd pool=b", "profile rbd pool=b , profile rbd pool=a"),
        ("profile  rbd\tpool=a", "profile rbd pool=a"),
        ("profile rbd pool=a", "allow profile rbd pool=a"),
        ("profile rbd pool=a", 'profile rbd pool="a"'),
        ("profile rbd pool=a namespace=n", "profile rbd pool a namespace n"),
        ("allow rwx pool=a", "allow pool a rwx"),
        ("allow command 'osd blocklist'", 'allow command "osd blocklist"'),
        ("allow rw uid=1 gids=1,2", "allow  rw uid=1  gids=1,2"),
        ("profile rbd, profile rbd", "profile rbd"),
        ("", " , ;"),
    ],
)
def test_the_same_in_other_words(one, other):
    """Order, white space, quotes and separators say nothing about what is allowed."""
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("profile rbd pool=a", "profile rbd"),
        ("profile rbd pool=a", "profile rbd pool=a namespace=n"),
        ("profile rbd pool=a", "profile rbd pool=b"),
        ("profile rbd pool=a", "profile rbd-read-only pool=a"),
        ("profile rbd pool=a", "profile rbd pool=A"),
        ("profile rbd pool='a b'", "profile rbd pool=a b"),
        ("allow rw", "allow r"),
        ("allow r, allow w", "allow r"),
        ("allow command 'osd blocklist'", "allow command osd blocklist"),
        ("allow command foo with a=b c=d", "allow command foo with c=d a=b"),
        ("allow rw uid=1 gids=1,2", "allow rw uid=1 gids=1"),
        ("allow *", ""),
        ("allow class one two", "allow class two one"),
        ("allow command foo with pool=a x", "allow command foo with x pool=a"),
    ],
)
def test_what_allows_something_else(one, other):
    """What differs in a word that counts is never taken for the same."""
    assert not same(one, other)
    assert not same(other, one)


def test_what_is_too_much_and_what_is_missing_is_named():
    """The difference says at which daemon, in the words that stand there."""
    live = {"mon": "allow r", "osd": "profile rbd pool=a, allow *", "mgr": "allow rw"}
    found = compare(live, {"mon": "profile rbd", "osd": "profile rbd pool=a"})
    assert found.extra == (("mon", "allow r"), ("mgr", "allow rw"), ("osd", "allow *"))
    assert found.missing == (("mon", "profile rbd"),)


def test_what_can_not_be_read_is_a_difference():
    """A live capability that breaks our grammar is one grant that nobody declared, and no error."""
    found = compare({"osd": "allow 'r"}, {"osd": "allow r"})
    assert found.extra == (("osd", "allow 'r"),)
    assert shown({"osd": "allow 'r"}) == "osd: allow 'r\n"


def test_shown_in_the_same_order_whatever_the_order():
    """A diff shows what differs, and not that the grants stand in another order."""
    one = {"osd": "profile rbd pool=b, profile rbd pool=a", "mon": "profile rbd"}
    other = {"mon": "profile rbd", "osd": "profile rbd pool=a, profile rbd pool=b"}
    assert shown(one) == shown(other) == "mon: profile rbd\nosd: profile rbd pool=a\nosd: profile rbd pool=b\n"


@pytest.mark.parametrize(
    "text", ["allow", "profile", "read", "'", "allow r, foo", "", " ", ",", "deny r", "allow rümläut"]
)
def test_what_is_no_capability(text):
    """What has no grant in it, or something else beside one, is refused with an example; a list of gids is none."""
    assert bool(check("osd", text)) == (text != "allow r, foo")


def test_doubts():
    """A profile with a typing error, which the monitors store without a word, is doubted; so is `allow *`."""
    assert "did you mean 'rbd'" in doubts("mon", "profile rdb")[0]
    assert "as good as client.admin" in doubts("osd", "allow r, allow *")[0]
    assert doubts("osd", "profile rbd pool=a, allow rw tag cephfs data=x") == ()


WORDS = st.lists(st.sampled_from(["allow", "profile", "rbd", "pool=a", "pool", "r", "'x y'", '"q"', ",", ";", " "]))


@given(WORDS)
def test_any_words_are_compared_with_themselves_as_equal(words):
    """Whatever the monitors hold: it reads without an error, and is the same as itself in other words."""
    text = " ".join(words)
    assert same(text, text)
    assert same(text, f"  {text} ,")
    assert [grant.meaning for grant in grants(" , ".join(grant.text for grant in grants(text)))] == [
        grant.meaning for grant in grants(text)
    ]


@pytest.mark.parametrize(
    "caps",
    [
        rbd_caps("rbd", ["a", "b"], ["n", "m"]),
        rbd_caps("rbd-provisioner", ["a"]),
        rbd_caps("rbd-node", ["a"]),
        cephfs_caps("fs", ["csi"]),
        cephfs_caps("fs"),
    ],
)
def test_presets_are_sound(caps):
    """What we derive passes the checks that a person's own wording has to pass, without a doubt."""
    for service, text in caps.items():
        assert (check(service, text), doubts(service, text)) == ("", ())


def test_presets_are_held_to_their_places():
    """Each pool with each namespace, and nothing beside them; the node's user can't manage."""
    assert rbd_caps("rbd", ["a", "b"], ["n"]) == {
        "mon": "profile rbd",
        "mgr": "profile rbd pool=a namespace=n, profile rbd pool=b namespace=n",
        "osd": "profile rbd pool=a namespace=n, profile rbd pool=b namespace=n",
    }
    assert "mgr" not in rbd_caps("rbd-node", ["a"])
    assert rbd_caps("rbd-provisioner", ["a"])["mon"] == "profile rbd, allow command 'osd blocklist'"
    assert (
        cephfs_caps("fs", ["csi"])["mds"] == "allow r fsname=fs path=/volumes, allow rws fsname=fs path=/volumes/csi"
    )
    assert cephfs_caps("fs")["mds"] == "allow rws fsname=fs path=/volumes"
