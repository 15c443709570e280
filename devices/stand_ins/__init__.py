"""Cards and readers made of software that speak the true protocols to the true driver.

Three layers: a card turns command bytes into answer bytes; a field holds at most one card; a transport (UDP, pty)
carries the field to nfcpy. Nothing here is used in a shop.
"""
