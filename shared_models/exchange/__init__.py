"""Bringing a center's own files in: readers that turn bytes into typed rows and problems by line, and the
operation that writes them into the store."""
