"""Who comes in: accounts, sign-in, and the devices that carry a token."""
