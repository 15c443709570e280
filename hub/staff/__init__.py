"""Who may do what, and who did what: API keys, the table of permissions, the audit log."""
