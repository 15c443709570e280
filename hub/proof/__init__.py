"""The proof that the union of all journals equals the ledger: every place, every hash, every effect."""
