"""Restores of the database: which kiosks must tell again what they know before any value is given out."""
