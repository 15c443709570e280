"""Day end: what every local day brings to the books, in one written order, once, and from where a crash left it."""
