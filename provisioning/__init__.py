"""How a bare machine becomes a trusted kiosk: keys, certificates, the broker's rules, and a store in a box."""
