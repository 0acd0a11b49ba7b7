"""ssh_config with includes, as the reader sees it."""

import pytest

from mountwright.errors import InputError, Problem
from mountwright.ssh.connector import _ConfigLookup


def lookup(home, text, host, user=None, port=None):
    path = home / ".ssh" / "config"
    path.write_text(text)
    found = _ConfigLookup(path)(host, user, port)
    return {key: value for key, value in found.items() if key != "hostname" or value != host}


def test_no_file_has_no_options(home):
    """Most machines of CI have none."""
    assert _ConfigLookup(home / "nothing")("node1", None, None) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Host node*\n  User a\nHost *\n  User b\n  Port 7", {"user": "a", "port": "7"}),
        ("Host * !node1\n  User a", {}),
        ("Host other\nUser a\nMatch host node1 user joe\n  Port 9", {"port": "9"}),
        ("Match user root\n  Port 9", {}),
        ("Match exec true\n  Port 9\nMatch !exec true\n  User x", {"port": "9"}),
        ("Match all\n  Port 9", {"port": "9"}),
        ("Match final\n  Port 9", {"port": "9"}),
        ("Host node1\n HostName 10.0.0.1\nMatch host 10.0.0.1\n Port=9", {"hostname": "10.0.0.1", "port": "9"}),
        (
            "Host node1\n HostName 10.0.0.1\nMatch originalhost node1\n Port = 9",
            {"hostname": "10.0.0.1", "port": "9"},
        ),
        ("Host node1 # the first\n Port 9", {"port": "9"}),
        ('Host "node1"\n User "a b"', {"user": "a b"}),
    ],
)
def test_blocks_hold_as_for_ssh(home, text, found):
    """Host and Match, the first value found counts."""
    assert lookup(home, text, "node1") == found


def test_a_user_of_the_inventory_is_the_one_that_match_sees(home):
    """As `ssh -l root` does."""
    text = "User joe\nMatch user root\n  Port 9"
    assert lookup(home, text, "node1", user="root") == {"user": "root", "port": "9"}


def test_includes_are_taken_in_their_place_and_order(home):
    """Globs relative to ~/.ssh, in sorted order; one that names nothing is nothing."""
    folder = home / ".ssh" / "conf.d"
    folder.mkdir()
    (folder / "20").write_text("Host node1\n User second\n Port 20\n")
    (folder / "10").write_text("Host node1\n User first\n")
    assert lookup(home, "Include conf.d/* missing\nUser last", "node1") == {"user": "first", "port": "20"}
    assert lookup(home, "Include conf.d/*\nUser last", "other") == {"user": "last"}


def test_a_block_around_an_include_holds_for_all_of_it(home):
    """ssh: an Include in a Host block counts only for those hosts; the block goes on after it."""
    (home / ".ssh" / "inner").write_text("Port 7\nHost node1\n User inner\nMatch host node2\n User two\nMatch all\n")
    text = "Host node1\n Include ~/.ssh/inner\n AddressFamily inet\nHost *\n IdentitiesOnly yes"
    assert lookup(home, text, "node1") == {
        "port": "7", "user": "inner", "addressfamily": "inet", "identitiesonly": "yes",
    }  # fmt: skip
    assert lookup(home, text, "node2") == {"identitiesonly": "yes"}


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("Port 22\nInclude config", 2, "Include", "{folder}/config includes itself"),
        ("Host a\n\nnonsense", 3, "", "not a keyword with a value: 'nonsense'"),
        ("Match localnetwork 10.0.0.0/8", 1, "Match",
         "'localnetwork' is not supported; all, canonical, exec, final, host, localuser, originalhost, user are"),
        ("Match user", 1, "Match", "needs a value: user"),
        ('Host "a', 1, "Host", "No closing quotation: '\"a'"),
    ],
)  # fmt: skip
def test_faults_are_named_with_file_and_line(home, text, line, key, message):
    """What ssh would do can't be known, so nothing is guessed."""
    folder = home / ".ssh"
    with pytest.raises(InputError) as caught:
        lookup(home, text, "node1")
    assert caught.value.problems == (Problem(str(folder / "config"), line, key, message.format(folder=folder)),)


def test_two_files_that_include_each_other_are_refused(home):
    """The circle is found however long it is."""
    (home / ".ssh" / "b").write_text("Include config")
    with pytest.raises(InputError, match="includes itself"):
        lookup(home, "Include b", "node1")
