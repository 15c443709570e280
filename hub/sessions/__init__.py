"""Logging in: passwords, second factors, sessions, invitations."""
