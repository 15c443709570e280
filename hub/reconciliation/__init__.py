"""Reconciliation: what kiosks promised and the hub could not take, until it is made good or dismissed."""
