"""Member cards, their taps and the visits that a verified tap opens."""
