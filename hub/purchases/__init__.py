"""Purchases: what members bought, each counted once, and what it earned them."""
