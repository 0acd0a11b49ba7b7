"""Host patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.errors import InputError
from mountwright.inventory.patterns import select, split

HOSTS = ["node01", "node02", "node03", "node10", "db.example.com", "fe80::1", "solo"]
GROUPS = {
    "all": HOSTS,
    "ungrouped": ["solo"],
    "nodes": ["node01", "node02", "node03", "node10"],
    "servers": ["db.example.com", "node01"],
    "empty": [],
}


def why(pattern):
    with pytest.raises(InputError) as caught:
        select(pattern, HOSTS, GROUPS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("node[01:03]", ["node01", "node02", "node03"]),
        ("node[01:99]", ["node01", "node02", "node03", "node10"]),
        ("all:!node[02:03]", ["node01", "node10", "db.example.com", "fe80::1", "solo"]),
        ("nodes:&node[02:10]", ["node02", "node03", "node10"]),
        ("[a:f]b.example.com,solo", ["db.example.com", "solo"]),
        ("nodes[0]", ["node01"]),
        ("nodes[-1]", ["node10"]),
        ("nodes[1:2]", ["node02", "node03"]),
        ("nodes[2:]", ["node03", "node10"]),
        ("node*[0:1]", ["node01", "node02"]),
        ("fe80::1", ["fe80::1"]),
        ("fe80::1,solo", ["fe80::1", "solo"]),
        ("~.*\\.example\\.com$", ["db.example.com"]),
        ("empty:solo", ["solo"]),
        ("!nodes", ["db.example.com", "fe80::1", "solo"]),
        ("&nodes:&servers", ["node01"]),
        (" solo , node02 ", ["solo", "node02"]),
        ("ungrouped", ["solo"]),
        ("?olo", ["solo"]),
    ],
)
def test_select(pattern, expected):
    """Unions, intersections, exclusions, globs, regular expressions, ranges and subscripts."""
    assert expected == select(pattern, HOSTS, GROUPS)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("nodez", "the host pattern 'nodez' matches no host and no group; nearest by name: nodes, node10, node03"),
        ("xyzzy", ("the host pattern 'xyzzy' matches no host and no group; "
                  "the groups are: all, ungrouped, nodes, servers, empty")),
        ("all:!nodez", ("the host pattern 'nodez' matches no host and no group; "
                       "nearest by name: nodes, node10, node03")),
        ("nodes:&ungrouped", "the host pattern 'nodes:&ungrouped' leaves no host: its parts match, but not together"),
        ("empty", "the host pattern 'empty' leaves no host: the group has no hosts"),
        ("nodes[4]", "the host pattern 'nodes[4]' is out of range: nodes has 4 hosts, counted from 0"),
        ("nodes[7:9]", "the host pattern 'nodes[7:9]' is out of range: nodes has 4 hosts, counted from 0"),
        ("", "the host pattern '' is empty; name a host or a group, or 'all'"),
        (" , ", "the host pattern ' , ' is empty; name a host or a group, or 'all'"),
        ("all:!", "the host pattern has a !, & or ~ with nothing behind it"),
        ("~", "the host pattern has a !, & or ~ with nothing behind it"),
        ("zode[03:01]", ("the host pattern 'zode[03:01]': the range [03:01] runs backwards; "
                        "the smaller end comes first")),
    ],
)  # fmt: skip
def test_patterns_that_match_nothing(pattern, message):
    """A slip of the pen is an error that says what there is, never a run on other hosts."""
    assert message == why(pattern)


@pytest.mark.parametrize("pattern", ["~(", "~[", "~*"])
def test_regular_expressions_that_are_none(pattern):
    """A bad regular expression is bad input."""
    assert why(pattern).startswith(f"the host pattern '{pattern}' is no valid regular expression: ")


def test_a_file_of_patterns(tmp_path):
    """@FILE stands for the patterns in a file, one a line."""
    path = tmp_path / "hosts.retry"
    path.write_text("node01\n\n# not now\nsolo\n!node02\n")
    assert select(f"@{path}", HOSTS, GROUPS) == ["node01", "solo"]
    assert select(f"@{path},node03", HOSTS, GROUPS) == ["node01", "solo", "node03"]
    path.write_text("\n")
    assert why(f"@{path}") == f"the host pattern '@{path}' is empty; name a host or a group, or 'all'"
    assert why("@/no/such/file") == "/no/such/file: can't be read: No such file or directory"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a:b", ["a", "b"]),
        ("a,b:c", ["a", "b:c"]),
        ("a[0:2]:!b", ["a[0:2]", "!b"]),
        ("::1", ["::1"]),
        ("a:22", ["a:22"]),
        ("node[1:3]", ["node[1:3]"]),
        ("~a(b|c):d", ["~a(b|c)", "d"]),
        ("~[ab:c", ["~[ab", "c"]),
    ],
)
def test_split(pattern, expected):
    """Commas separate; without one, colons do, but not those in addresses and brackets."""
    assert expected == split(pattern)


NAMES = [f"h{number}" for number in range(6)]
subsets = st.lists(st.sampled_from(NAMES), unique=True)


@given(
    groups=st.fixed_dictionaries(dict.fromkeys(("red", "green", "blue"), subsets)),
    parts=st.lists(
        st.tuples(st.sampled_from(["", "&", "!"]), st.sampled_from(["red", "green", "blue", "all", *NAMES])),
        min_size=1,
        max_size=6,
    ),
    separator=st.sampled_from([":", ",", " , "]),
)
def test_patterns_are_set_algebra(groups, parts, separator):
    """(union of the plain parts) intersected with every & part, without every ! part; order does not matter."""
    groups = {"all": NAMES, **groups}
    members = {**{name: {name} for name in NAMES}, **{name: set(hosts) for name, hosts in groups.items()}}
    plain = [name for sign, name in parts if not sign] or ["all"]
    expected = set().union(*(members[name] for name in plain))
    for sign, name in parts:
        if sign == "&":
            expected &= members[name]
    for sign, name in parts:
        if sign == "!":
            expected -= members[name]
    pattern = separator.join(sign + name for sign, name in parts)
    try:
        actual = select(pattern, NAMES, groups)
    except InputError:
        actual = []
    assert expected == set(actual)
    assert len(set(actual)) == len(actual)


@given(start=st.integers(0, 7), end=st.integers(0, 7))
def test_subscripts_are_slices_with_their_end(start, end):
    """group[a:b] is Python's slice with b included."""
    expected = NAMES[start : end + 1]
    try:
        actual = select(f"red[{start}:{end}]", NAMES, {"all": NAMES, "red": NAMES})
    except InputError:
        actual = []
    assert expected == actual
