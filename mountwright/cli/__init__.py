"""The command line: options, errors and exit codes; the tasks themselves stand in tasks.py."""
