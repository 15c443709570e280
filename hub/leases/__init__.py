"""Leases: points lent to one kiosk, so that redeeming there can never overdraw an account."""
