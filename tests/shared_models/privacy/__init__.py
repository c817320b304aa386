"""Tests of what the law lets families ask for."""
