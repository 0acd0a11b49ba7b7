"""YAML as plain data that knows its lines."""

import os
from pathlib import Path

import pytest

from mountwright.errors import InputError
from mountwright.yaml_lines import UnsafeText, key_path, load, parse, parse_all


def faults(text):
    with pytest.raises(InputError) as caught:
        parse(text, "f.yml")
    return [str(problem) for problem in caught.value.problems]


def test_values_and_lines():
    """Every key and item has the line that it is written in."""
    document = parse("a: 1\nb:\n  c:\n  - x\n  - {y: 2,\n     z: 3}\n", "f.yml")
    assert document.value == {"a": 1, "b": {"c": ["x", {"y": 2, "z": 3}]}}
    lines = {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 3,
        ("b", "c", 0): 4,
        ("b", "c", 1): 5,
        ("b", "c", 1, "z"): 6,
    }
    assert lines == {path: document.line(path) for path in lines}


@pytest.mark.parametrize("path", [("b", "missing"), ("b", "c", "d", "e"), ("b", 0), ("b", "c", 5)])
def test_what_is_missing_has_the_line_of_its_nearest_ancestor(path):
    """A path that leads nowhere ends at the last thing that exists on it."""
    document = parse("a: 1\nb:\n  c: [1]\n", "f.yml")
    assert document.line(path) == (3 if path[1] == "c" else 2)


def test_merge_keys():
    """Own keys win over merged ones, and merged ones keep the line of where they were written."""
    document = parse("x: &x\n  k: 1\n  l: 2\ny: &y {k: 3, m: 4}\nb:\n  <<: [*x, *y]\n  l: 9\n", "f.yml")
    assert document.value["b"] == {"k": 1, "l": 9, "m": 4}
    assert tuple(document.line(("b", key)) for key in "klm") == (2, 7, 4)


def test_aliases_are_built_once():
    """What aliases share is one and the same value, however often it is named."""
    text = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 15))
    value = parse(text, "f.yml").value["a14"]
    assert value[0] is value[1]


@pytest.mark.parametrize("read", [parse, parse_all])
def test_aliases_cannot_fill_the_memory(read):
    """Aliases of aliases (a "billion laughs") are refused at once: whoever walks their values would not end."""
    text = "k: 1\na0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(InputError, match=r"^f\.yml:1: its aliases \(\*\) make more than 1,000,000 values of it$"):
        read(text, "f.yml")


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a:\n" + "- " * 100_000 + "b\n",
        "? " * 100_000,
        '{"a": ' * 100_000 + "1" + "}" * 100_000,
    ],
    ids=["brackets", "dashes", "keys", "json"],
)
@pytest.mark.parametrize("read", [parse, parse_all])
def test_deep_nesting_is_refused(read, text):
    """However it is written, what is nested deeper than the parser's stack is an error, not a crash."""
    with pytest.raises(InputError, match="is nested too deeply"):
        read(text, "f.yml")


def test_many_brackets_are_not_deep():
    """Thousands of short lists are no deep one."""
    assert len(parse("\n".join(f"a{n}: [{{b: c}}]" for n in range(3000)), "f.yml").value) == 3000


def test_manifests_are_read_as_kubectl_reads_them():
    """A plain y or n is a boolean to kubectl, base 60 is nothing to it; quoted text stays text."""
    text = "a: y\nb: N\nc: 'y'\nd: 12:30\ne: 1:30.5\nf: 7\n"
    (document,) = parse_all(text, "f.yml")
    assert document.value == {"a": True, "b": False, "c": "y", "d": "12:30", "e": "1:30.5", "f": 7}
    assert parse(text, "f.yml").value == {"a": "y", "b": "N", "c": "y", "d": 750, "e": 90.5, "f": 7}


def test_json_values_may_follow_each_other():
    """kubectl takes JSON values one after the other, as jq writes them; each knows its lines in the file."""
    documents = parse_all('{"a": 1}\n\n{\n "b": [\n1]} {"c": 3}\n', "f.json")
    assert [document.value for document in documents] == [{"a": 1}, {"b": [1]}, {"c": 3}]
    assert [documents[0].line(("a",)), documents[1].line(("b", 0)), documents[2].line(("c",))] == [1, 5, 5]
    with pytest.raises(InputError, match=r"^f\.json:3: a: the key is here twice; the first is in line 2$"):
        parse_all('{"a": 1}\n{"a": 1,\n"a": 2}', "f.json")


def test_unsafe_text_is_marked():
    """!unsafe is taken as plain text, in collections too, and can be told from a template."""
    value = parse("a: !unsafe '{{ x }}'\nb: !unsafe {c: ['{{ y }}', 1]}\nd: '{{ z }}'\n", "f.yml").value
    assert value == {"a": "{{ x }}", "b": {"c": ["{{ y }}", 1]}, "d": "{{ z }}"}
    texts = (value["a"], value["b"]["c"][0], value["d"])
    assert tuple(isinstance(text, UnsafeText) for text in texts) == (True, True, False)


def test_dates_stay_text():
    """A date is the text that was written: nothing here has a use for date objects."""
    assert parse("a: 2024-01-02\n", "f.yml").value == {"a": "2024-01-02"}


def test_json_is_read_as_json():
    """JSON that YAML 1.1 would refuse or misread is read right."""
    document = parse('{\n\t"a": "\\ud83d\\ude00",\n\t"b": {"c": 1}}', "f.json")
    assert document.value == {"a": "\N{GRINNING FACE}", "b": {"c": 1}}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n"])
def test_an_empty_file_is_none(text):
    """No content is None; its line is the first, or the one behind the dashes."""
    document = parse(text, "f.yml")
    assert document.value is None
    assert document.line(("a",)) == (2 if text == "---\n" else 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f.yml:3: a: the key is here twice; the first is in line 1"]),
        ('{"a": {"b": 1,\n "b": 2}}', ["f.yml:2: a.b: the key is here twice; the first is in line 1"]),
        (
            "a:\n- !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !vault x\n",
            [
                f"f.yml:{line}: {key}: the value is encrypted with Ansible Vault, which can't be read here: "
                "decrypt it (ansible-vault decrypt) or keep the secret elsewhere"
                for line, key in ((2, "a[0]"), (5, "b"))
            ],
        ),
        ("a: !thing 1\n", ["f.yml:1: a: the tag !thing has no meaning here"]),
        ("a: !!binary aGk=\n", ["f.yml:1: a: the tag !!binary has no meaning here"]),
        ("a: !!python/object/apply:os.system [x]\n",
         ["f.yml:1: a: the tag !!python/object/apply:os.system has no meaning here"]),
        ("a: !!int x\n", ["f.yml:1: a: 'x' is no int; quote it if it is meant as text"]),
        ("? [x]\n: 1\n", ["f.yml:1: a key has to be a plain word or number, not a list or a mapping"]),
        ("a: &x {b: *x}\n", ["f.yml:1: a.b: an alias (*) refers to something that it is itself a part of"]),
        ("a: 1\n---\nb: 2\n",
         ["f.yml:2: is no valid YAML: there is more than one document (a second ---); one is expected"]),
        ("a: 1\nb: \x07\n",
         ["f.yml:2: is no valid YAML: there is a control character, which YAML does not allow"]),
        ("b: {<<: 3}\n", ["f.yml:1: b: a merge key (<<) takes a mapping or a list of mappings"]),
        ("[" * 100_000, ["f.yml: is nested too deeply"]),
    ],
)  # fmt: skip
def test_faults(text, expected):
    """Every fault is named with its line and key, all of them at once."""
    assert expected == faults(text)


@pytest.mark.parametrize(("text", "line"), [("a: 1\n b: 2\n", 2), ("a: 1\nb: [1\nc: 2\n", 3), ("a: 'x\n", 1),
                                            ("a:\n\t- 1\n", 2), ("a: *b\n", 1), ("a: %x\n", 1)])  # fmt: skip
def test_syntax_errors_have_their_line(text, line):
    """What is no YAML is refused with the line where it stops being YAML."""
    (fault,) = faults(text)
    assert fault.startswith(f"f.yml:{line}: is no valid YAML: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162\n",
         ":1: the file is encrypted with Ansible Vault, which can't be read here:"),
        (b"a: 1\nb: \xff\n", ":2: is not UTF-8: there is a byte 0xff; save the file as UTF-8"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(tmp_path, content, expected):
    """A vaulted file and one that isn't UTF-8 are refused by name and line."""
    path = tmp_path / "f.yml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}{expected}")


def test_a_pipe_is_read_and_not_waited_for(tmp_path):
    """What somebody writes into a pipe is read, as of <(helm template .); one that nobody writes to is an error."""
    pipe = tmp_path / "pipe.yml"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is a pipe, and nobody has written to it"):
        load(pipe)
    reader, writer = os.pipe()
    os.write(writer, b"b: 2\n")
    os.close(writer)
    assert load(Path(f"/proc/self/fd/{reader}")).value == {"b": 2}
    os.close(reader)


def test_a_device_is_no_file():
    """A device that never ends is refused before it fills the memory."""
    with pytest.raises(InputError, match=r"^/dev/zero: can't be read: it is a device or socket, not a file$"):
        load(Path("/dev/zero"))


def test_a_huge_file_is_refused(tmp_path):
    """A disk image that was named by mistake is refused by its size."""
    with (tmp_path / "f.yml").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        load(tmp_path / "f.yml")


def test_a_missing_file(tmp_path):
    """A file that isn't there is a fault of the input, no traceback."""
    with pytest.raises(InputError, match="can't be read: No such file or directory"):
        load(tmp_path / "none.yml")


def test_a_byte_order_mark_is_no_content(tmp_path):
    """Files saved by editors that begin them with a byte order mark are read."""
    path = tmp_path / "f.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load(path).value == {"a": 1}


def test_key_path():
    """Paths are shown as people write them."""
    assert key_path(("nfs", "exports", 0, "path")) == "nfs.exports[0].path"
    assert key_path(()) == ""
