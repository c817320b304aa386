"""Users, their roles and locations, and the table of who may do what (product §2)."""
