"""The touchscreen program of one kiosk."""
