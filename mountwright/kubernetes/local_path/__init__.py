"""rancher's local-path-provisioner: its configuration, and what is wrong with one."""
