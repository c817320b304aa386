"""Measurements of what the project promises, each beside its limit and a floor taken in the same run."""
