"""Members, and their personal data under keys of their own."""
