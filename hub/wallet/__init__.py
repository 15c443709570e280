"""Stored value: members' money, in minor units, principal and bonus apart. A policy over the ledger."""
