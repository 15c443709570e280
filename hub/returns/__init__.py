"""Returns: goods that came back, and the points that go back and forth with them."""
