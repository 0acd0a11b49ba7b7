"""Our block in a file of somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.nfs.block import BEGIN, END, BlockError, find_block, outside_block, set_block

LINES = b"/srv/x 10.0.0.0/24(rw)\n"
FIRST = BEGIN + b": written from storage.yml; what is changed here by hand is lost\n"

foreign = st.binary(max_size=200).filter(lambda text: BEGIN not in text and END not in text)


def test_first_block_goes_to_the_end():
    """A file without a block keeps every byte, and the block follows."""
    assert set_block(b"/a b(ro)\n", LINES) == b"/a b(ro)\n" + FIRST + LINES + END + b"\n"


def test_last_line_without_newline_gets_one():
    """The block never joins the last foreign line."""
    assert set_block(b"/a b(ro)", LINES).startswith(b"/a b(ro)\n# BEGIN")


def test_block_is_replaced_where_it_stands():
    """Lines before and after stay where they are, with their carriage returns."""
    before = b"# top\r\n" + FIRST + b"/old *(ro)\n" + END + b"\n/after c(ro)\r\n# \xe9"
    assert set_block(before, LINES) == b"# top\r\n" + FIRST + LINES + END + b"\n/after c(ro)\r\n# \xe9"


def test_empty_declaration_removes_the_block():
    """Nothing of ours is left behind."""
    assert set_block(b"# top\n" + FIRST + LINES + END + b"\n# end\n", b"") == b"# top\n# end\n"


def test_nothing_declared_and_no_block_is_no_change():
    """A file that we have no part in keeps even its missing newline."""
    assert set_block(b"/a b(ro)", b"") == b"/a b(ro)"


@given(foreign, foreign, st.sampled_from([b"", LINES, LINES * 3]))
def test_foreign_bytes_survive_every_edit(head, tail, content):
    """Whatever stands around the block stands there after it was changed, removed, or changed twice."""
    head = head + b"\n" if head else head
    text = head + FIRST + b"/old *(ro)\n" + END + b"\n" + tail
    once = set_block(text, content)
    assert once.startswith(head)
    assert once.endswith(tail)
    assert set_block(once, content) == (once if content else head + tail)
    assert len(once) == len(head) + len(tail) + (len(FIRST + content + END) + 1 if content else 0)


def test_outside_keeps_line_numbers():
    """Foreign lines after the block are still on their own lines, so that errors can name them."""
    text = b"# top\n" + FIRST + LINES + END + b"\n/bad line(\n"
    assert outside_block(text).split(b"\n").index(b"/bad line(") == text.split(b"\n").index(b"/bad line(")
    assert b"/srv/x" not in outside_block(text)


def test_find_tells_content_and_line():
    """The content is what stands between the markers, also when END is the last line and has no newline."""
    block = find_block(b"a\n" + FIRST + LINES + END)
    assert block is not None
    assert (block.line, block.content) == (3, LINES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"a\n" + FIRST + LINES, "found BEGIN in line 2"),
        (LINES + END + b"\n", "found END in line 2"),
        (END + b"\n" + FIRST, "found BEGIN in line 2 and END in line 1"),
        ((FIRST + END + b"\n") * 2, "found BEGIN in line 1 and BEGIN in line 3 and END in line 2 and END in line 4"),
    ],
)
def test_broken_markers_are_refused(text, found):
    """Markers that don't make one block are named by their lines; nothing is guessed."""
    for call in (find_block, outside_block, lambda text: set_block(text, LINES)):
        with pytest.raises(BlockError, match=found):
            call(text)
