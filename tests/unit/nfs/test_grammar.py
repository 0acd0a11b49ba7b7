"""The exports(5) reader and writer. What is expected here was seen of exportfs 2.6.2."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mountwright.nfs.escapes import escape, survives_etab, unescape
from mountwright.nfs.grammar import Entry, Fault, format_entry, normalise_path, parse_exports


def entries(text):
    return [entry for line in parse_exports(text) for entry in line.entries]


def faults(text):
    return [fault for line in parse_exports(text) for fault in line.faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n  \n# only (a comment\n", []),
        ("/srv 10.0.0.0/24(rw,sync) host(ro)\n", [("/srv", "10.0.0.0/24", "rw,sync"), ("/srv", "host", "ro")]),
        ("/srv host\n", [("/srv", "host", "")]),
        ("/srv\n", [("/srv", "*", "")]),
        ("/srv -rw\n", [("/srv", "*", "rw")]),
        ("/srv (rw)\n", [("/srv", "*", "rw")]),
        ("/srv host()", [("/srv", "host", "")]),
        ("/srv host(rw,)", [("/srv", "host", "rw")]),
        ("/srv -sync,rw a b(ro)\n", [("/srv", "a", "sync,rw"), ("/srv", "b", "sync,rw,ro")]),
        ("/srv a(ro) -rw b -sync c", [("/srv", "a", "ro"), ("/srv", "b", "rw"), ("/srv", "c", "rw,sync")]),
        ("/srv \\\n   a(rw) \\\n\tb(ro)\n", [("/srv", "a", "rw"), ("/srv", "b", "ro")]),
        ("/srv a(rw) # it's\\\n/two b(ro)\n", [("/srv", "a", "rw"), ("/two", "b", "ro")]),
        ("#c\\\n/two b(ro)\n", [("/two", "b", "ro")]),
        ('"/srv/a b" host(rw)\n', [("/srv/a b", "host", "rw")]),
        ('/srv/"a b"/c host(rw)\n', [("/srv/a b/c", "host", "rw")]),
        ('"/srv/a#b" host(rw)\n', [("/srv/a#b", "host", "rw")]),
        ("/srv/a#b host(rw)\n", [("/srv/a#b", "host", "rw")]),
        ("/srv/a\\040b\\043 host(rw)\n", [("/srv/a b#", "host", "rw")]),
        ("/srv/\\134040 host(rw)\n", [("/srv/ ", "host", "rw")]),
        ("/srv/\\400\\9 host(rw)\n", [("/srv/\\400\\9", "host", "rw")]),
        ("/srv 10.0.0.2\\050rw)\n", [("/srv", "10.0.0.2", "rw")]),
        ('/srv "host(rw, sync)"\n', [("/srv", "host", "rw,sync")]),
        ("/srv host(rw)\r\n/two host(ro)\r\n", [("/srv", "host", "rw"), ("/two", "host", "ro")]),
        ("/srv fd00::/64(rw) @grp(rw) *.x(rw)", [("/srv", c, "rw") for c in ("fd00::/64", "@grp", "*.x")]),
    ],
)
def test_entries_are_those_that_exportfs_reads(text, expected):
    """Paths, clients and options of a good file are exactly those that exportfs takes from it, without a fault."""
    wanted = [Entry(path, client, tuple(options.split(",")) if options else ()) for path, client, options in expected]
    assert wanted == entries(text)
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "\n/srv host (rw)\n",
            2,
            (
                "a space before '(rw)': 'host' gets the default options and everybody (*) gets (rw); "
                "write 'host(rw)' without the space"
            ),
        ),
        ("/srv host(rw", 1, "'host(rw' is not closed by ')': options must not have spaces between them"),
        ("/srv host(rw)x", 1, "'host(rw)x' goes on after its ')'"),
        ("/srv host(rw)#c\n", 1, "'host(rw)#c' goes on after its ')'"),
        ("/srv host)", 1, "'host)' has a ')' without its '('"),
        ("/srv host(rw,bogus)", 1, "'bogus' is no option of exports(5)"),
        ("/srv -bogus host", 1, "'bogus' is no option of exports(5)"),
        ("/srv host(rw,,sync)", 1, "an option is empty: is there a comma too many?"),
        ("srv host(rw)", 1, "'srv' is no absolute path"),
        ("/srv 10.0.0.0/33(rw)", 1, "'10.0.0.0/33' is no network: the prefix length /33 is above /32"),
        ('"/srv host(rw)\n', 1, "a quote is not closed on its line"),
        ('/srv ""\n', 1, "an empty word in quotes, where exportfs ends the line"),
        ("/srv a(rw)\n\r\n/two b(rw)", 2, "a blank line with a carriage return: exportfs reads nothing after it"),
        ("/srv a(rw) \v b(rw)", 1, "a control character, where exportfs cuts the line"),
        ("/srv\0 a(rw)", 1, "a control character, where exportfs cuts the line"),
        ("/" + "a" * 1024 + " h(rw)", 1, "the path is longer than the 1024 bytes that exportfs takes"),
        (
            "/srv host(rw," + "sync," * 101 + ")",
            1,
            "'host(rw,sync,sync,sync,sync,sync,sync,sy...' is longer than the 511 bytes that exportfs takes",
        ),
    ],
)
def test_a_line_that_exportfs_refuses_or_mistakes_is_a_fault(text, line, message):
    """A bad line is reported with its number and in words that say what happens; it is never an exception."""
    assert Fault(line, message) in faults(text)


def test_the_stray_space_gives_everybody_the_options():
    """``host (rw)`` is what exportfs makes of it: the host with defaults, and everybody with rw."""
    assert entries("/srv host (rw)") == [Entry("/srv", "host"), Entry("/srv", "*", ("rw",))]


def test_lines_are_numbered_by_their_first_physical_line():
    """A continued line counts as one, and the lines after it keep the numbers that an editor shows."""
    lines = parse_exports("# one\n/a \\\n b(rw)\n\n/c d(rw)")
    assert [(x.number, x.raw) for x in lines] == [(1, "# one\n"), (2, "/a \\\n b(rw)\n"), (4, "\n"), (5, "/c d(rw)")]


FILE_PARTS = [
    "/srv",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\\\n",
    "\\",
    "#",
    '"',
    "(",
    ")",
    ",",
    "host",
    "rw",
    "-",
    "\\040",
    "\udcff",
]


@given(st.lists(st.sampled_from(FILE_PARTS)).map("".join))
@example("/a b(rw)\\\n")
@example('"/a\nb')
def test_every_byte_of_a_file_is_kept(text):
    """Whatever a file holds, its lines together are the file again, and reading it never fails."""
    assert text == "".join(line.raw for line in parse_exports(text))


BYTES = st.binary(min_size=1, max_size=40).map(
    lambda data: data.replace(b"\0", b"0").decode("utf-8", "surrogateescape")
)
TRICKY = st.text(alphabet=st.sampled_from(list("\\01347 \t\n\"#'$()*-,é&`")), min_size=1, max_size=30)
OPTIONS = st.lists(
    st.sampled_from(
        ["rw", "ro", "sync", "fsid=0", "sec=krb5:sys", "anonuid=-2", 'mp=/a#"b\\040', "refer=/x@h+i:/y@j"]
    ),
    max_size=5,
)
CLIENTS = st.sampled_from(["host", "10.0.0.0/24", "*", "@grp", "*.example.com", "node[0-9]", "fd00::/64", "gss/krb5"])


@given(st.one_of(BYTES, TRICKY), CLIENTS, OPTIONS)
@example("\\040", "*", [])
@example("\\\\134040", "*", [])
def test_what_is_written_is_read_back(name, client, options):
    """Any path, client and options come back unchanged from the line that was written for them, without a fault."""
    text = format_entry(f"/{name}", client, options) + "\n"
    (line,) = parse_exports(text)
    assert (Entry(f"/{name}", client, tuple(options)),) == line.entries
    assert line.faults == ()


@pytest.mark.parametrize(
    ("path", "client", "options"),
    [
        ("srv", "host", ["rw"]),
        ("/a\0b", "host", ["rw"]),
        ("/srv", "", ["rw"]),
        ("/srv", "-host", ["rw"]),
        ("/srv", "a b", ["rw"]),
        ("/srv", "a(b", ["rw"]),
        ("/srv", "host", ["rw,ro"]),
        ("/srv", "host", ["r w"]),
        ("/srv", "host", ["rw)"]),
        ("/srv", "host", [""]),
        ("/srv", "host\n/etc", ["rw"]),
    ],
)
def test_what_no_line_can_carry_is_refused(path, client, options):
    """What would be read back as something else is never written."""
    with pytest.raises(ValueError, match=r"can't be written|no absolute path"):
        format_entry(path, client, options)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/srv/a b", "/srv/a\\040b"),
        ('/srv/"#\\', "/srv/\\042\\043\\134"),
        ("/srv/a\tb\nc", "/srv/a\\011b\\012c"),
        ("/srv/é$(x)'", "/srv/é$(x)'"),
        ("/srv/\udcff", "/srv/\\377"),
        ("/srv/\\040", "/srv/\\134\\060\\064\\060"),
    ],
)
def test_paths_are_escaped_as_octal(path, written):
    """White space, quotes, hashes, backslashes and bytes that are no UTF-8 are written as three octal digits."""
    assert written == escape(path)


def test_a_path_that_etab_can_not_carry_is_known():
    r"""mountd reads ``\134040`` of etab as a space, so a backslash before three octal digits does not survive."""
    assert [survives_etab(path) for path in ("/a\\040", "/a\\b", "/a\\09", "/a b")] == [False, True, True, True]
    assert unescape("/a\\134040") == "/a\\040"


@pytest.mark.parametrize(
    ("path", "plain"), [("/a/", "/a"), ("//a//b", "/a/b"), ("/a/./b/../c", "/a/c"), ("/", "/"), ("/..", "/")]
)
def test_paths_have_one_spelling(path, plain):
    """Spellings of one directory compare as equal once they are normalised."""
    assert plain == normalise_path(path)
