"""Today: what happens in the rooms now, whose attendance is missing, and what waits for the desk."""
