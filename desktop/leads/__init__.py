"""Leads on screen: the board, the table, the entry form and the panel with all of one lead."""
