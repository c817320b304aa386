"""Files on the server: received in chunks, checked by content, kept per organization, served with thumbnails."""
