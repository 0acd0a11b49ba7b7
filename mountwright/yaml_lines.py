"""YAML (and JSON) files as plain data that remembers the line of everything, for error messages.

What is read is what Ansible reads: YAML 1.1 with anchors and merge keys. Stricter than that on purpose: a key given
twice is an error (YAML 1.2, section 3.2.1.3: keys are unique), and so are vaulted values, which can't be decrypted
here. ``!unsafe`` text is marked, so that nobody takes it for a Jinja template. Dates stay the text that was written.
Manifests are read as kubectl reads them, which differs in a few plain words (:func:`parse_all`).
"""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from mountwright.errors import InputError, Problem
from mountwright.text_files import VAULT_ADVICE, read_text
from mountwright.yaml_nodes import compose_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_YAML = "tag:yaml.org,2002:"
_SCALARS = {_YAML + name for name in ("null", "bool", "int", "float", "str", "timestamp", "value")}
_VAULT_TAGS = {"!vault", "!vault-encrypted"}
_MOST_VALUES = 1_000_000
# goyaml.v2/resolve.go of sigs.k8s.io/yaml, which kubectl reads with; to PyYAML these are text.
_KUBECTL_WORDS = {"y": True, "Y": True, "n": False, "N": False}


_Entries: TypeAlias = "dict[int, dict[Any, tuple[int, yaml.Node]]]"
_Tree: TypeAlias = "tuple[yaml.Node | None, _Entries]"
_NO_TREE: _Tree = (None, {})


class UnsafeText(str):
    """Text marked ``!unsafe`` in YAML: braces in it are braces, never a template."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """A file's data. ``value`` is dicts, lists, strings, numbers, booleans and None; None for an empty file."""

    source: str
    value: Any
    _tree: Callable[[], _Tree] = field(default=lambda: _NO_TREE, repr=False, compare=False)

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line (from 1) of the key or item that ``path`` leads to, as in ``("nfs", "exports", 0)``.

        What does not exist has the line of its nearest ancestor that does.
        """
        node, entries = self._tree()
        if node is None:
            return 1
        line: int = node.start_mark.line + 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                entry = entries.get(id(node), {}).get(step)
                if entry is None:
                    break
                line, node = entry
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def text_line(self, path: Sequence[str | int], inner: int) -> int:
        """Return the line in the file of line ``inner`` (from 1) of the text that ``path`` leads to.

        Lines of a literal block (``|``) are told apart; in every other style the whole text has its first line.
        """
        node, entries = self._tree()
        for step in path:
            if isinstance(node, yaml.MappingNode):
                node = entries.get(id(node), {}).get(step, (0, None))[1]
            else:
                node = node.value[step] if isinstance(node, yaml.SequenceNode) and isinstance(step, int) else None
        if isinstance(node, yaml.ScalarNode) and node.style == "|":
            return node.start_mark.line + 1 + inner
        return self.line(path)

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """Return a Problem at the place that ``path`` leads to."""
        return Problem(self.source, self.line(path), key_path(path), message)


def key_path(path: Sequence[str | int]) -> str:
    """Return a path as people write it: ``nfs.exports[0].path``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def load(path: Path) -> Document:
    """Read a YAML or JSON file.

    Raises InputError with all faults that can be found: the file can't be read, is not UTF-8, is vaulted, is no
    valid YAML, has a key twice, a vaulted value or a tag that has no meaning here.
    """
    return parse(read_text(path), str(path))


def parse(text: str, source: str) -> Document:
    """Read YAML or JSON text; ``source`` names it in errors. Raises InputError like :func:`load`."""
    try:
        if text.lstrip()[:1] in ("{", "["):
            return _parse_json(text, source) or _parse_yaml(text, source)
        return _parse_yaml(text, source)
    except RecursionError:
        raise InputError(Problem(source, 0, "", "is nested too deeply")) from None


def parse_all(text: str, source: str) -> list[Document]:
    """Read a file of manifests: documents of YAML (``---``), or JSON values one after the other, as kubectl does.

    To kubectl a plain ``y`` or ``n`` is a boolean, and ``12:30`` is text, no number to the base of 60. Raises
    InputError like :func:`load`, with the faults of all documents.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        if values := _json_values(text):
            return [parse(value, source) for value in values]
        for root in compose_all(text, source):
            builder = _Builder(source, kubectl=True)
            value = builder.build_root(root)
            problems += builder.problems
            documents.append(_document(source, value, root, builder))
    except RecursionError:
        raise InputError(Problem(source, 0, "", "is nested too deeply")) from None
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return documents


def _json_values(text: str) -> list[str]:
    """The JSON values that the text consists of, each with as many line ends in front as there are before it.

    There are none when it is something else: YAML may begin with a brace, too.
    """
    values: list[str] = []
    at, line = 0, 0
    while text[at:].strip() if values else text.lstrip()[:1] in ("{", "["):
        begin = at + len(text[at:]) - len(text[at:].lstrip())
        try:
            _, end = json.JSONDecoder().raw_decode(text, begin)
        except ValueError:
            return []
        line += text.count("\n", at, begin)
        values.append("\n" * line + text[begin:end])
        line += text.count("\n", begin, end)
        at = end
    return values


def _parse_yaml(text: str, source: str) -> Document:
    builder = _Builder(source)
    root = _compose(text, source)
    value = None if root is None else builder.build_root(root)
    if builder.problems:
        raise InputError(builder.problems)
    return _document(source, value, root, builder)


def _document(source: str, value: Any, root: yaml.Node | None, builder: _Builder) -> Document:
    return Document(source, value, lambda: (root, builder.entries))


def _parse_json(text: str, source: str) -> Document | None:
    """Read JSON, which allows some things that YAML 1.1 does not (tabs, escaped surrogates); None: it is no JSON.

    Its lines are looked up when they are asked for: an answer of a cluster has many thousands, and needs none.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return None
    return Document(source, value, functools.cache(lambda: _json_tree(text, source)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; ValueError for a key given twice, whose place is then found by reading it as YAML."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _json_tree(text: str, source: str) -> _Tree:
    builder = _Builder(source)
    try:
        root = _compose(_without_tabs(text), source)
        if root is not None:
            builder.build(root, ())
    except (InputError, RecursionError):
        return _NO_TREE  # good JSON, though no YAML, or too deep for it: the data without its lines
    return root, builder.entries


def parse_first_json(text: str, source: str) -> tuple[Document, tuple[Problem, ...], int]:
    """Read the first JSON value of a text as Go's ``json.Decoder`` does: what comes after it is not looked at.

    Returns the document, keys that are there twice (of which Go takes the last), and where the value ends in the
    text. Raises InputError with the line when it is no JSON.
    """
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        value, end = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise InputError(Problem(source, error.lineno, "", f"is no valid JSON: {error.msg}")) from None
    except ValueError as error:
        raise InputError(Problem(source, 0, "", f"is no valid JSON: {error}")) from None
    except RecursionError:
        raise InputError(Problem(source, 0, "", "is nested too deeply")) from None
    builder = _Builder(source)
    try:
        root = _compose(_without_tabs(text[:end]), source)
        if root is not None:
            builder.build(root, ())
    except InputError:
        return Document(source, value), (), end  # good JSON, though no YAML: the data without its lines
    return _document(source, value, root, builder), tuple(builder.problems), end


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is a word of JavaScript, not of JSON")


def _without_tabs(text: str) -> str:
    """JSON has tabs only between its parts, where YAML has none."""
    return text.replace("\t", " ")


def _compose(text: str, source: str) -> yaml.Node | None:
    nodes = list(itertools.islice(compose_all(text, source), 2))
    if len(nodes) > 1:
        message = "is no valid YAML: there is more than one document (a second ---); one is expected"
        raise InputError(Problem(source, nodes[1].start_mark.line, "", message))
    return nodes[0] if nodes else None


class _Builder:
    """Makes plain data of a tree of nodes. A node that is reached by several aliases is built once."""

    def __init__(self, source: str, *, kubectl: bool = False) -> None:
        self.problems: list[Problem] = []
        self.entries: dict[int, dict[Any, tuple[int, yaml.Node]]] = {}
        self._source = source
        self._built: dict[tuple[int, bool], Any] = {}
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()
        self._kubectl = kubectl
        self._aliases = False

    def build_root(self, root: yaml.Node) -> Any:
        """The document's value. Aliases of aliases of aliases may stand for more than any memory holds: a fault."""
        value = self.build(root, ())
        if self._aliases and _size(value, {}) > _MOST_VALUES:
            self._fault(root, (), f"its aliases (*) make more than {_MOST_VALUES:,} values of it")
            return None
        return value

    def build(self, node: yaml.Node, path: tuple[str | int, ...], *, unsafe: bool = False) -> Any:
        unsafe = unsafe or node.tag == "!unsafe"
        known = (id(node), unsafe)
        if known in self._built:
            self._aliases = self._aliases or not isinstance(node, yaml.ScalarNode)
            return self._built[known]
        if id(node) in self._open:
            self._fault(node, path, "an alias (*) refers to something that it is itself a part of")
            return None
        self._open.add(id(node))
        try:
            value = self._build(node, path, unsafe)
        finally:
            self._open.discard(id(node))
        self._built[known] = value
        return value

    def _build(self, node: yaml.Node, path: tuple[str | int, ...], unsafe: bool) -> Any:
        if node.tag in _VAULT_TAGS:
            self._fault(node, path, f"the value is encrypted with Ansible Vault, which can't be read here: "
                                    f"{VAULT_ADVICE}")  # fmt: skip
            return None
        if isinstance(node, yaml.MappingNode) and node.tag in (_YAML + "map", "!unsafe"):
            return self._mapping(node, path, unsafe)
        if isinstance(node, yaml.SequenceNode) and node.tag in (_YAML + "seq", "!unsafe"):
            return [self.build(item, (*path, index), unsafe=unsafe) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and (node.tag in _SCALARS or node.tag == "!unsafe"):
            return self._scalar(node, path, unsafe)
        self._fault(node, path, f"the tag {node.tag.replace(_YAML, '!!')} has no meaning here")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: tuple[str | int, ...], unsafe: bool) -> Any:
        if node.tag == "!unsafe" or (unsafe and node.tag == _YAML + "str"):
            return UnsafeText(node.value)
        if node.tag in (_YAML + "timestamp", _YAML + "value", _YAML + "str"):
            plain = self._kubectl and node.tag == _YAML + "str" and not node.style
            return _KUBECTL_WORDS.get(node.value, node.value) if plain else node.value
        if self._kubectl and ":" in node.value and node.tag in (_YAML + "int", _YAML + "float"):
            return node.value
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            kind = node.tag.removeprefix(_YAML)
            self._fault(node, path, f"{node.value!r} is no {kind}; quote it if it is meant as text")
            return None

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...], unsafe: bool) -> dict[Any, Any]:
        merged: list[yaml.Node] = []
        own: dict[Any, tuple[int, yaml.Node]] = {}
        value: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _YAML + "merge":
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, path, "a key has to be a plain word or number, not a list or a mapping")
                continue
            key = self.build(key_node, path)
            line = key_node.start_mark.line + 1
            if key in own:
                self._fault(key_node, (*path, key), f"the key is here twice; the first is in line {own[key][0]}")
                continue
            own[key] = (line, value_node)
            value[key] = self.build(value_node, (*path, key), unsafe=unsafe)
        # Keys of the mapping itself win over merged ones, earlier merged mappings over later ones.
        inherited: dict[Any, Any] = {}
        entries: dict[Any, tuple[int, yaml.Node]] = {}
        for other in reversed(merged):
            content = self.build(other, path, unsafe=unsafe)
            if not isinstance(content, dict):
                self._fault(other, path, "a merge key (<<) takes a mapping or a list of mappings")
                continue
            inherited.update(content)
            entries.update(self.entries.get(id(other), {}))
        self.entries[id(node)] = {**entries, **own}
        return {**inherited, **value}

    def _fault(self, node: yaml.Node, path: tuple[str | int, ...], message: str) -> None:
        self.problems.append(Problem(self._source, node.start_mark.line + 1, key_path(path), message))


def _size(value: Any, known: dict[int, int]) -> int:
    """How many values there are in a value, those that several places share counted at each of them."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = 1 + sum(
            _size(each, known) for each in (value.values() if isinstance(value, dict) else value)
        )
    return known[id(value)]
