"""The chain and its stores."""
