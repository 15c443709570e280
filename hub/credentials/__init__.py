"""What people log in with, as they change it themselves."""
