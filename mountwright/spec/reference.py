"""The reference of storage.yml, made from the models: ``python -m mountwright.spec.reference > docs/storage.md``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from mountwright.paths import bundled
from mountwright.spec.storage import StorageSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# storage.yml

<!-- Made from the models by `python -m mountwright.spec.reference`; a change here would be overwritten. -->

One file declares the storage of an environment. It lies in the inventory's folder, beside `hosts.yml`. Everything
in it is checked before anything connects: unknown keys, wrong values, groups without hosts, exports that collide,
volumes that no server exports. All faults are reported at once, each with its line and key.

`inv inventory.schema` prints the same as a JSON Schema, for editors. YAML anchors and merge keys work; top-level keys
that begin with `x-` are free for them. A group or host pattern is what `--limit` takes: `nfs_servers`, `a:b`, `a:!c`,
`node[1:3]`.

One entry of `nfs.exports`, `nfs.volumes`, `kubernetes.volumes` or `kubernetes.claims` may stand for many: with
`count: 200` it is taken 200 times, with `each: [...]` once for each item, which adds keys of its own or replaces the
entry's. In every text of such an entry `{}` is the number, and `{:04}` the number with four digits at least:
`{name: "pv{:04}", count: 200, export: "/srv/nfs/pv{:04}", capacity: 1Gi, access_modes: [ReadWriteMany]}`.
"""
_EXAMPLE_HEAD = """
## Example

```yaml
"""


def reference(example: str) -> str:
    """The reference as Markdown; ``example`` is the text of a storage.yml that it ends with."""
    schema = StorageSpec.json_schema()
    parts = [_HEAD]
    for name, section in schema["properties"].items():
        parts += _section(name, _model(section, schema["$defs"]) or {}, schema["$defs"])
    parts += [_EXAMPLE_HEAD, example.rstrip("\n"), "\n```\n"]
    return "".join(parts)


def _section(path: str, model: dict[str, Any], models: dict[str, Any]) -> Iterator[str]:
    """A heading, a table of the keys, and then the sections of the keys that hold mappings themselves."""
    yield f"\n## {path}\n\n{model.get('description', '')}\n"
    properties = model.get("properties", {})
    required = model.get("required", [])
    if not properties:
        return
    yield "\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n"
    inner = []
    for name, prop in sorted(properties.items(), key=lambda item: item[0] not in required):
        holds = _model(prop, models)
        if holds:
            inner.append((f"{path}.{name}{'[]' if prop.get('type') == 'array' else ''}", holds))
        default = "**required**" if name in required else _default(prop)
        cells = [f"`{name}`", _kind(prop, models), default, prop.get("description", "") + _examples(prop)]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    for inner_path, holds in inner:
        yield from _section(inner_path, holds, models)


def _model(prop: dict[str, Any], models: dict[str, Any]) -> dict[str, Any] | None:
    """The model that a key holds: one, a list of them, or one or nothing."""
    for candidate in (prop, prop.get("items", {}), *prop.get("anyOf", [])):
        if "$ref" in candidate:
            found: dict[str, Any] = models[candidate["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _kind(prop: dict[str, Any], models: dict[str, Any]) -> str:
    if prop.get("type") == "array":
        return "list of mappings" if _model(prop, models) else f"list: {_kind(prop['items'], models)}"
    if _model(prop, models):
        return "mapping"
    if "enum" in prop:
        return " or ".join(f"`{choice}`" for choice in prop["enum"])
    kinds = [part for part in prop.get("anyOf", [prop]) if part.get("type") != "null"]
    if any("enum" in kind for kind in kinds):
        return _kind(next(kind for kind in kinds if "enum" in kind), models)
    words = {"string": "text", "integer": "number", "object": "mapping", "boolean": "true or false"}
    text = " or ".join(dict.fromkeys(words.get(kind.get("type", ""), "value") for kind in kinds))
    low, high = kinds[0].get("minimum"), kinds[0].get("maximum")
    return f"{text} from {low} to {high}" if low is not None and high is not None else text


def _default(prop: dict[str, Any]) -> str:
    default = prop.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return ""
    return f"`{json.dumps(default)}`" if default == "" else f"`{default}`"


def _examples(prop: dict[str, Any]) -> str:
    examples = prop.get("examples", [])
    return f" Example: {', '.join(f'`{json.dumps(example)}`' for example in examples)}." if examples else ""


if __name__ == "__main__":
    sys.stdout.write(reference(bundled("inventories/example/storage.yml").read_text("utf-8")))
