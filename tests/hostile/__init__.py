"""Values that mean harm, and every place of storage.yml and of the inventory that they can be put into."""
