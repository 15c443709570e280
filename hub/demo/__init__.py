"""A chain to look at: stores, members, rewards and a year of purchases, the same for the same seed."""
