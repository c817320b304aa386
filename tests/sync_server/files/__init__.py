"""Tests of the public websites."""
