"""What the kiosk and the hub must agree on: ids, messages, topics, codes and the hash chain.

Standard library and msgspec only. Nothing here does I/O, reads a clock or draws randomness: whoever calls passes
the time and the random bytes in.
"""
