"""The desktop's end of the sync: signing in, sending what changed here, fetching what changed elsewhere."""
