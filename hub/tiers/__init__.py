"""Tiers: which one a member's qualifying points earn, and who stands where."""
