"""storage.yml: what storage there is, as typed models that were checked against each other and the inventory."""

from mountwright.spec.exports import Export
from mountwright.spec.load import load_storage
from mountwright.spec.nfs import Nfs, Ports
from mountwright.spec.storage import StorageSpec
from mountwright.spec.volumes import StorageClass, Volume

__all__ = ["Export", "Nfs", "Ports", "StorageClass", "StorageSpec", "Volume", "load_storage"]
