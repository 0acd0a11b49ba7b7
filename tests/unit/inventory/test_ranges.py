"""Host names with ranges and ports."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.inventory.ranges import expand, split_port

NO_RANGE = "has brackets that are no range: [BEGIN:END] or [BEGIN:END:STEP]"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("node", ["node"]),
        ("node[1:3]", ["node1", "node2", "node3"]),
        ("node[08:11].x", ["node08.x", "node09.x", "node10.x", "node11.x"]),
        ("node[a:c]", ["nodea", "nodeb", "nodec"]),
        ("node[y:B]", ["nodey", "nodez", "nodeA", "nodeB"]),
        ("node[01:07:3]", ["node01", "node04", "node07"]),
        ("node[a:g:3]", ["nodea", "noded", "nodeg"]),
        ("[1:2]-[a:b]", ["1-a", "1-b", "2-a", "2-b"]),
        ("n[:2]", ["n0", "n1", "n2"]),
        ("n[9:10]", ["n9", "n10"]),
        ("n[5:5]", ["n5"]),
    ],
)
def test_expand(pattern, expected):
    """Ranges of numbers and letters, with both ends, leading zeros, steps, several in a name."""
    assert expected == expand(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("n[5:1]", "the range [5:1] runs backwards; the smaller end comes first"),
        ("n[c:a]", "the range [c:a] runs backwards; the smaller end comes first"),
        ("n[01:100]", "the range [01:100] needs both ends equally long: 001:100"),
        ("n[1:c]", "the range [1:c] mixes a number and a letter"),
        ("n[1:5:0]", "the range [1:5:0] has the step 0"),
        ("n[1:999999999]", "the range [1:999999999] stands for more than 100000 hosts"),
        ("n[1:999][1:999]", "'n[1:999][1:999]' stands for 998001 hosts; at most 100000 are taken"),
        ("n[3]", f"'n[3]' {NO_RANGE}, with numbers or single letters"),
        ("n[1:2", f"'n[1:2' {NO_RANGE}, with numbers or single letters"),
        ("n[x]-[1:2]", f"'n[x]-' in 'n[x]-[1:2]' {NO_RANGE}"),
    ],
)  # fmt: skip
def test_ranges_that_make_no_sense(pattern, message):
    """What can't be meant is refused, saying why."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        expand(pattern)


@given(first=st.integers(0, 500), count=st.integers(0, 60), step=st.integers(1, 9), width=st.integers(0, 5))
def test_numbers_are_those_of_range(first, count, step, width):
    """A numeric range is Python's range with its end included, padded where the first is."""
    last = first + count
    begin = str(first).zfill(width)
    end = str(last).zfill(width) if begin.startswith("0") and len(begin) > 1 else str(last)
    if begin.startswith("0") and len(begin) > 1 and len(begin) != len(end):
        with pytest.raises(ValueError, match="equally long"):
            expand(f"h[{begin}:{end}:{step}]")
        return
    padding = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
    expected = [f"h{number:0{padding}d}x" for number in range(first, last + 1, step)]
    assert expected == expand(f"h[{begin}:{end}:{step}]x")


@given(st.lists(st.tuples(st.sampled_from(string.ascii_lowercase), st.sampled_from(string.ascii_lowercase)),
                min_size=1, max_size=2))  # fmt: skip
def test_letters_are_a_product(ends):
    """Several ranges give every combination, the last one turning fastest."""
    ranges = [sorted(pair) for pair in ends]
    expected = ["h"]
    for begin, end in ranges:
        letters = [letter for letter in string.ascii_lowercase if begin <= letter <= end]
        expected = [f"{name}{letter}" for name in expected for letter in letters]
    assert expected == expand("h" + "".join(f"[{begin}:{end}]" for begin, end in ranges))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node", ("node", None)),
        ("node:22", ("node", 22)),
        ("node.example.com:2222", ("node.example.com", 2222)),
        ("node[01:10]:22", ("node[01:10]", 22)),
        ("10.0.0.1:22", ("10.0.0.1", 22)),
        ("[::1]:22", ("::1", 22)),
        ("[node]:22", ("node", 22)),
        ("::1", ("::1", None)),
        ("2001:db8::5", ("2001:db8::5", None)),
        ("node[1:2]", ("node[1:2]", None)),
        ("node-:22", ("node-:22", None)),
        ("no!de:22", ("no!de:22", None)),
        ("node:", ("node:", None)),
    ],
)
def test_split_port(text, expected):
    """A port is cut from names and addresses; the colons of IPv6 addresses and ranges are none."""
    assert expected == split_port(text)
