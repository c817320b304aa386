"""Files on this PC: kept encrypted, sent and fetched in the background, shown when they have arrived."""
