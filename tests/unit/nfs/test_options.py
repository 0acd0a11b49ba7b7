"""Export options: known, well formed, free of contradictions."""

import pytest

from mountwright.nfs.options import check_option, contradictions, exportfs_refuses_option, known_options

VALUES = {
    "anonuid": ["0", "65534", "4294967295", "-2"],
    "anongid": ["100"],
    "fsid": ["0", "root", "7", "0x1f", "017", "12345678-1234-1234-1234-123456789012", "0" * 31 + "a"],
    "mountpoint": ["/mnt/disk"],
    "mp": ["/mnt/disk"],
    "refer": ["/x@host", "/x@a+b:/y@c"],
    "replicas": ["/x@host"],
    "sec": ["sys", "krb5:krb5i:krb5p", "none"],
    "xprtsec": ["none:tls:mtls"],
    "reexport": ["auto-fsidnum", "predefined-fsidnum", "none"],
}


def test_each_option_of_exports_5_is_known():
    """Every option that nfs-utils takes passes, in each form that it has."""
    bare = [name for name in known_options() if name not in VALUES] + ["mp", "mountpoint"]
    valued = [f"{name}={value}" for name, values in VALUES.items() for value in values]
    assert dict.fromkeys(bare + valued) == {option: check_option(option) for option in bare + valued}
    assert {"rw", "no_root_squash", "no_subtree_check", "no_auth_nlm", "security_label", "nordirplus"} <= set(bare)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("", "an option is empty: is there a comma too many?"),
        ("bogus", "'bogus' is no option of exports(5)"),
        ("no_rootsquash", "'no_rootsquash' is no option of exports(5); did you mean 'no_root_squash'?"),
        ("RW", "'RW' is no option of exports(5)"),
        ("rw=1", "'rw' takes no value, but has '1'"),
        ("anonuid", "'anonuid' needs a value: anonuid=65534"),
        ("anonuid=", "'anonuid=': expected a number between 0 and 4294967295 (or -2)"),
        ("anonuid=nobody", "'anonuid=nobody': expected a number between 0 and 4294967295 (or -2)"),
        ("anongid=4294967296", "'anongid=4294967296': expected a number between 0 and 4294967295 (or -2)"),
        ("fsid=09", "'fsid=09': expected a number, a UUID of 32 hexadecimal digits, or root"),
        ("fsid=x", "'fsid=x': expected a number, a UUID of 32 hexadecimal digits, or root"),
        ("fsid=4294967296", "'fsid=4294967296': expected a number, a UUID of 32 hexadecimal digits, or root"),
        ("mp=mnt", "'mp=mnt': expected an absolute path"),
        ("mountpoint=", "'mountpoint=': expected an absolute path"),
        ("refer=/x", "'refer=/x': expected path@host[+host][:path@host[+host]]"),
        ("replicas=", "'replicas=': expected path@host[+host][:path@host[+host]]"),
        (
            "sec=krb6",
            "'sec=krb6': 'krb6' is unknown; expected sys, krb5, krb5i, krb5p, null, none, unix, joined by colons",
        ),
        ("sec=sys:unix", "'sec=sys:unix' lists 'unix' twice"),
        ("xprtsec=ssl", "'xprtsec=ssl': 'ssl' is unknown; expected none, tls, mtls, joined by colons"),
        ("reexport=yes", "'reexport=yes': expected one of auto-fsidnum, predefined-fsidnum, none"),
    ],
)
def test_a_bad_option_is_named_with_what_was_expected(option, message):
    """The message quotes the option and says which form it should have."""
    assert message == check_option(option)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["rw", "sync", "root_squash", "fsid=0"], []),
        (["rw", "rw"], []),
        (["rw", "ro"], ["'rw' and 'ro' contradict each other"]),
        (["sync", "async"], ["'sync' and 'async' contradict each other"]),
        (["root_squash", "no_root_squash"], ["'root_squash' and 'no_root_squash' contradict each other"]),
        (["no_auth_nlm", "secure_locks"], ["'insecure_locks' and 'secure_locks' contradict each other"]),
        (["anonuid=1", "anonuid=2"], ["'anonuid' is given twice, as 1 and as 2"]),
        (["fsid=0", "fsid=root"], []),
        (["fsid=1", "fsid=0x2"], ["'fsid' is given twice, as 1 and as 2"]),
        (["fsid=7", "fsid=12345678-1234-1234-1234-123456789012"], []),
        (["sec=sys", "ro", "sec=krb5", "rw"], []),
        (["sec=sys", "sync", "sec=krb5", "async"], ["'sync' and 'async' contradict each other"]),
        (["mp=/a", "mountpoint=/b"], ["'mountpoint' is given twice, as /a and as /b"]),
    ],
)
def test_contradictions_are_found(options, found):
    """What is said both ways is found, except where exports(5) lets flavours differ."""
    assert found == contradictions(options)


def test_exportfs_takes_more_than_is_declared_here():
    """What exportfs 2.6.2 takes in other people's lines is no fault of theirs; what it refuses is."""
    taken = ["sec=sys:sys", "mp=rel", "mountpoint=", "refer=x", "anonuid=-7", "fsid=-1", "squash_uids=0-3", "rw"]
    assert dict.fromkeys(taken) == {option: exportfs_refuses_option(option) for option in taken}
    refused = ["fsid=", "fsid=09", "anonuid=", "anonuid=x", "sec=", "sec=x", "squash_uids=1,2", "rw=1", "refer", ""]
    assert [option for option in refused if exportfs_refuses_option(option) is None] == []
