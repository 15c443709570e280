"""A card desk for people without hardware: software cards, laid on a kiosk's reader from a page or a command line."""
