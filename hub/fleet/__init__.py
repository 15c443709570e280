"""The kiosks: who they are, how far their journals are booked, what they still have to do, what they know."""
