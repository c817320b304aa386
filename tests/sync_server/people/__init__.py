"""Tests of people on the server."""
