"""Members brought in from files and given out as files: jobs in rows, done in pieces."""
