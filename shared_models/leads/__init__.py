"""Leads: families who asked and are not yet taught, and the history of contacts with them (product §5)."""
