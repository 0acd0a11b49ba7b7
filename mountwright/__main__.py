"""``python -m mountwright``: the same command line."""

from mountwright.cli.program import main

if __name__ == "__main__":
    main()
