"""Kinds of things that a host can be made to have, one kind a file."""
