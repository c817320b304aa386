"""The organization itself: its facts, locations, rooms, opening hours and closures (product §2)."""
