"""The catalogue of rewards, its pictures, and the vouchers of what was redeemed."""
