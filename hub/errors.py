"""The base of every error that the person who runs the hub can put right."""


class SetupError(Exception):
    """Something about this installation is wrong. Its text says what to do, and names no secret. Not retryable."""
