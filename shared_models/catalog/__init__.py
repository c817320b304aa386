"""What the organization sells and teaches: services and their prices, subjects and topics, products (product §3)."""
