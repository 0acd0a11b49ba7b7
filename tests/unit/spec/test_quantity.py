"""Kubernetes quantities."""

import pytest

from mountwright.spec.quantity import size_in_bytes


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("1", 1),
        ("10Gi", 10 * 1024**3),
        ("10G", 10 * 1000**3),
        ("1.5Ki", 1536),
        ("500k", 500_000),
        ("1e3", 1000),
        ("12E2", 1200),
        ("2E", 2 * 1000**6),
        ("1Ei", 1024**6),
        ("100m", 1),
        ("1500m", 2),
        ("+1M", 1_000_000),
        (".5Mi", 512 * 1024),
        ("1.", 1),
    ],
)
def test_a_quantity_is_so_many_bytes(quantity, size):
    """Suffixes of 1000 and 1024, exponents and fractions count as in Kubernetes; fractions of a byte round up."""
    assert size == size_in_bytes(quantity)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1GiB", "1 Gi", "1,5Gi", "0x10", "1K", "1gi", "-1", "1e", "1e3Gi", "\uff11Gi"]
)
def test_what_is_no_quantity_is_refused(text):
    """Nothing is guessed: a unit that Kubernetes does not know is an error."""
    with pytest.raises(ValueError, match="is no Kubernetes quantity"):
        size_in_bytes(text)
