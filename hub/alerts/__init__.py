"""Odd behaviour: what the log, the facts and the ledger show that a person should look at."""
