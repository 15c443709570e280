"""People who work here, what they may do where, and how they are let in the first time."""
