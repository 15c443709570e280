"""Where everything that moves value passes: load, decide, write, in one transaction."""
