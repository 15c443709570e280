"""The hub's side of the line to the kiosks: what comes in, what goes out, and the MQTT client at the edge."""
