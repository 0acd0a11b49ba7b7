"""Objects for the tests of binding, as text that an operator would write, and what is foretold of them."""

from __future__ import annotations

import pytest

from mountwright.kubernetes.binding.explain import Explainer
from mountwright.kubernetes.binding.forecast import foretell
from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import load_manifests


class Foretold:
    """A forecast, asked by the names of claims in the namespace default."""

    def __init__(self, forecast):
        self.forecast = forecast
        self.outcomes = {outcome.claim.key.removeprefix("default/"): outcome for outcome in forecast.outcomes}
        self._explainer = Explainer(forecast)

    def volume(self, claim="data"):
        return self.outcomes[claim].volume

    def state(self, claim="data"):
        return self.outcomes[claim].state.value

    def reasons(self, claim="data"):
        explanation = self._explainer.explain(self.outcomes[claim])
        return {volume: explanation.text(volume) for volume in explanation.reasons}


@pytest.fixture
def objects_of(tmp_path):
    """What is read out of YAML."""

    def read(*documents):
        file = tmp_path / "all.yaml"
        file.write_text(
            "---\n".join(document if document.endswith("\n") else f"{document}\n" for document in documents)
        )
        return read_objects(load_manifests(file).require())

    return read


@pytest.fixture
def bind(objects_of):
    """What is foretold of YAML."""
    return lambda *documents: Foretold(foretell(objects_of(*documents)))
