"""``k8s.smoke``: pods that write to storage and read back, and what to say when they can't."""
