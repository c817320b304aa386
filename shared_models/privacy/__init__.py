"""What a family may ask of the center by law: to be given everything that is known of it, and to be forgotten."""
