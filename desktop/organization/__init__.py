"""Settings: the organization, its locations, hours, rooms, closures, services and prices, as the desk edits them."""
