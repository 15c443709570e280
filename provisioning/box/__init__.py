"""A store in a box: broker, hub, kiosk and card desk on one machine, made ready, started and shown."""
