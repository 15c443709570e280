"""One member at the kiosk, from tap to goodbye, as a pure state machine: no clock, no store, no screen."""
