"""Booking from the outside: what is promised to the public, and by whom."""
