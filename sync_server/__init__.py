"""The multi-tenant server: sync, accounts and the public websites."""
