"""Holds: value that a till or the console has reserved for a short while. Time frees them; a kiosk never has one."""
