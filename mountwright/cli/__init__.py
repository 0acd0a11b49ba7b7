"""The command line: options, errors and exit codes; the tasks themselves stand in tasks.py."""

import gc

# A run lives for seconds and starts by loading a lot that stays: looking through it for garbage again and again is a
# tenth of the start. It is switched on again when the loading is done (see `connector` in hosts.py).
gc.disable()
