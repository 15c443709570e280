"""Who did what: the log of sensitive acts, chained so that a change to it can be found elsewhere."""
