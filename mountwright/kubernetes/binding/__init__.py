"""Which claim binds which volume: the PersistentVolume controller's static binding, foretold."""
