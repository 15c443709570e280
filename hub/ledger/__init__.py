"""The double-entry ledger: accounts, transfers, lots and counters. It knows integers and units, nothing of members."""
