"""The lab: real machines for the tests and the demo."""
