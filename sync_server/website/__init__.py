"""The public websites: pages built from each center's own rows, served from a cache, and their lead form."""
