"""The central hub: the authoritative books of the chain, and the line to its kiosks."""
