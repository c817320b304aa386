"""The local store: one encrypted SQLite file per center, which every screen reads and writes."""
