"""Who there is: hosts, groups and variables, in Ansible's YAML and INI formats and by its precedence."""

from mountwright.inventory.connection import ConnectionSettings
from mountwright.inventory.load import load_inventory
from mountwright.inventory.model import Group, Host, Inventory

__all__ = ["ConnectionSettings", "Group", "Host", "Inventory", "load_inventory"]
