"""Hardware of a kiosk behind small contracts, and stand-ins that speak the true protocol to the true driver."""
