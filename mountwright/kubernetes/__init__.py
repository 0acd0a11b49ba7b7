"""What the cluster is told: its objects rendered, checked, bound in advance, applied and reclaimed."""
