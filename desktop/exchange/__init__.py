"""Bringing a center's own files in, on the command line and in a dialog."""
