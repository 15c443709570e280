"""What a kiosk keeps on its own disk: a crash-safe journal, TinyDB over it, and the documents in them."""
