"""Tutors, families and students, and how their names, phones and e-mails are kept (product §2)."""
