"""known_hosts: which lines are about a host, and how little is computed for it."""

import base64
import hmac
import os
import time
from pathlib import Path

import pytest

from mountwright.ssh.host_keys import algorithms
from mountwright.ssh.known_hosts import Entry, KnownHosts, fingerprint, read_entries


def hashed(name):
    salt = os.urandom(20)
    parts = [base64.b64encode(part).decode() for part in (salt, hmac.digest(salt, name.encode(), "sha1"))]
    return "|1|" + "|".join(parts)


@pytest.fixture
def known(tmp_path):
    def known(*texts):
        files = []
        for number, text in enumerate(texts):
            files.append(tmp_path / f"known{number}")
            files[-1].write_text(text)
        return KnownHosts(files)

    return known


@pytest.mark.parametrize(
    ("hosts", "name", "found"),
    [
        ("node1", "node1", True),
        ("Node1,10.0.0.1", "node1", True),
        ("node1", "node10", False),
        ("[node1]:2222", "[node1]:2222", True),
        ("node1", "[node1]:2222", False),
        ("*.example.com,!bad.example.com", "good.example.com", True),
        ("*.example.com,!bad.example.com", "bad.example.com", False),
        ("!bad.example.com", "good.example.com", False),
        ("node?", "node1", True),
        ("node?", "node12", False),
        ("[10.0.0.*]:*", "[10.0.0.7]:22", True),
        ("node.", "nodex", False),
        ("|1|nonsense", "node1", False),
    ],
)
def test_whom_a_line_is_about(hosts, name, found):
    """sshd(8): names, patterns, negation, ports in brackets."""
    assert Entry("", hosts, "ssh-ed25519", "k", Path("f"), 1).is_for(name) is found


def test_hashed_lines_are_found_by_their_name():
    """And by no other."""
    entry = Entry("", hashed("[node1]:2222"), "ssh-ed25519", "k", Path("f"), 1)
    assert (entry.is_for("[node1]:2222"), entry.is_for("node1")) == (True, False)


def test_lines_that_are_none_are_passed_over(tmp_path):
    """Comments, blank lines, rubbish; a missing file has none."""
    file = tmp_path / "known"
    file.write_text("# comment\n\nnode1\nnode1 ssh-rsa\n\tnode1 ssh-rsa KEY a comment\n@revoked * ssh-rsa KEY2\n")
    assert list(read_entries(file)) == [
        Entry("", "node1", "ssh-rsa", "KEY", file, 5),
        Entry("@revoked", "*", "ssh-rsa", "KEY2", file, 6),
    ]
    assert list(read_entries(tmp_path / "missing")) == []


def test_several_files_and_kinds_of_lines(known, make_public):
    """A key is good if any line of any file has it for the host."""
    one, two, three = (make_public(number) for number in range(3))
    hosts = known(f"a ssh-ed25519 {one}\n*.x ssh-ed25519 {two}\n", f"{hashed('c')} ssh-ed25519 {three}\n")
    for name, key in (("a", one), ("b.x", two), ("c", three)):
        assert [each for each in (one, two, three) if hosts.holds([name], each)] == [key]
        assert [entry.key for entry in hosts.entries(name)] == [key]
    assert hosts.holds(["[a]:22", "a"], one) is True


def test_the_types_that_can_be_known_are_asked_for_first(known, make_public):
    """The host's own; where only hashes could say, the commonest among those."""
    rsa, curve = make_public(1, "ssh-rsa"), make_public(2)
    hosts = known(
        f"a ssh-rsa {rsa}\n{hashed('b')} ecdsa-sha2-nistp256 {curve}\n{hashed('c')} ecdsa-sha2-nistp256 {curve}\n"
        f"{hashed('d')} ssh-ed25519 {curve}\n"
    )
    assert hosts.likely_types("a") == ["ssh-rsa"]
    assert hosts.likely_types("b") == ["ecdsa-sha2-nistp256", "ssh-ed25519"]
    assert algorithms(["ssh-rsa"], certificates=False)[:3] == ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]
    assert algorithms(["unheard-of"], certificates=True)[0] == "ssh-ed25519-cert-v01@openssh.com"


def test_marked_lines_are_no_entries(known, make_public):
    """An authority's key is not the host's, and a revoked one is not, either."""
    key = make_public(1)
    hosts = known(f"@cert-authority *.x ssh-ed25519 {key}\n@revoked * ssh-ed25519 {key}\n")
    assert hosts.holds(["a.x"], key) is False
    assert [entry.line for entry in hosts.authorities(["a.x"])] == [1]
    assert hosts.authorities(["a.y"]) == []
    assert hosts.revoked(["a.y"], key).line == 2


def test_thousands_of_hashed_lines_cost_next_to_nothing(known, make_public):
    """A host whose key is there takes one HMAC, not one for each line: else it were twelve million."""
    count = 5000
    keys = [make_public(number) for number in range(count)]
    hosts = known("".join(f"{hashed(f'node{number}')} ssh-ed25519 {key}\n" for number, key in enumerate(keys)))
    begun = time.process_time()
    assert all(hosts.likely_types(f"node{n}") and hosts.holds([f"node{n}"], keys[n]) for n in range(count))
    assert time.process_time() - begun < 2


def test_fingerprints_are_those_of_openssh():
    """A well-known key: the one that GitHub publishes."""
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    assert fingerprint(key) == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


def test_a_new_key_is_added_once(known, make_public, tmp_path):
    """From many hosts' threads, the file gets one line."""
    hosts = known("")
    for _ in range(2):
        hosts.add("node1", "ssh-ed25519", make_public(1))
    assert (tmp_path / "known0").read_text() == f"node1 ssh-ed25519 {make_public(1)}\n"
    assert hosts.holds(["node1"], make_public(1)) is True
