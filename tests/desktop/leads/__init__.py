"""The leads on screen, worked with as the front desk does."""
