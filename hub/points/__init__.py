"""Points: how they are earned and what they are worth. A policy over the ledger."""
