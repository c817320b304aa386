"""What developers run through ./dev; nothing here is shipped."""
