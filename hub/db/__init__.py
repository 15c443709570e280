"""The database: engines, transactions, types and set-based writing. Knows no domain."""
