"""People on the server: erasing them for good."""
