"""What Ceph says and wants to hear: capabilities, keys, its command line and its answers."""
