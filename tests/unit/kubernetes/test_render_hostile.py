"""Whatever a value holds, the template gives it back, and nothing else changes."""

import itertools

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.kubernetes.declared import declared_objects
from mountwright.paths import bundled
from mountwright.spec import load_storage
from mountwright.templates import render_file

HOSTILE = [
    "yes", "null", "0x1", "1e3", "1.0", "a: b", "a #b", "'", '"', "a\nb", "a\n---\nkind: Pod", "{{ 7 * 7 }}",
    "{% raw %}", "*a", "&a", "- a", "!!python/object:os.system", "\u2028", "\x85", "\t", " ", "\\", "\x00", "}",
    "]", "|", "%", "@",
]  # fmt: skip
FREE = {"labels", "annotations", "parameters", "data", "volumeAttributes", "options", "matchLabels"}
TEXT = st.sampled_from(HOSTILE) | st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)


def declared():
    inventory = load_inventory(bundled("tests/golden/kubernetes/everything"))
    spec = load_storage(inventory.storage_file, inventory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOUNTWRIGHT_TEST_CHAP", "x")
        return list(declared_objects(spec, []))


# One object of each template and each source: what differs between them is in the templates.
OBJECTS = list({(item.template, item.values.get("source_kind")): item for item in declared()}.values())


def replaced(value, texts, *, free=False):
    """``value`` with every text that is not empty replaced by the next of ``texts``, free keys too."""
    if isinstance(value, str):
        return next(texts) if value else value
    if isinstance(value, (list, tuple)):
        return [replaced(item, texts) for item in value]
    if isinstance(value, dict):
        return {next(texts) if free else key: replaced(item, texts, free=key in FREE) for key, item in value.items()}
    return value


def swapped(value, swap):
    """``value`` with the texts and keys that are in ``swap`` replaced by what it has for them."""
    if isinstance(value, dict):
        return {swap.get(key, key): swapped(item, swap) for key, item in value.items()}
    if isinstance(value, list):
        return [swapped(item, swap) for item in value]
    return swap.get(value, value) if isinstance(value, str) else value


def rendered(item, values):
    return yaml.safe_load(render_file(f"kubernetes/{item.template}.yaml.j2", **values))


@pytest.mark.parametrize("item", OBJECTS, ids=lambda item: f"{item.template}-{item.values.get('source_kind', '')}")
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_value_comes_back(item, data):
    """Each text of an object replaced by a hostile one: parsing gives the same object with these texts in it."""
    hostile = {}

    def tokens():
        for number in itertools.count():
            hostile[f"token{number}x"] = f"{data.draw(TEXT)}{number}"
            yield f"token{number}x"

    values = {"labels": {"a": "b"}, "annotations": {"a": "b"}, **item.values}
    kind = {"source_kind": values.pop("source_kind")} if "source_kind" in values else {}
    plain = replaced(values, tokens())
    expected = swapped(rendered(item, {**plain, **kind}), hostile)
    assert expected == rendered(item, {**swapped(plain, hostile), **kind})
    assert hostile


def test_a_value_that_is_missing_is_an_error_with_its_template():
    """No value is left empty in silence."""
    item = next(item for item in OBJECTS if item.template == "storage-class")
    values = {name: value for name, value in item.values.items() if name != "provisioner"}
    with pytest.raises(InputError, match=r"storage-class\.yaml\.j2:6: .*'provisioner' is undefined"):
        rendered(item, values)
