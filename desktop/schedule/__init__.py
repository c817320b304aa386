"""The calendar at the desk: what it shows, where each box goes, how it is painted and how it is worked with."""
