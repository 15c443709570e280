"""Payments with stored value, and their refunds."""
