"""What hosts must look like for each kind of storage: resources, in the order in which they are brought about."""
