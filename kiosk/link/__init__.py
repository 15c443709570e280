"""The kiosk's side of the line to the hub."""
