"""Families, students and tutors on screen."""
