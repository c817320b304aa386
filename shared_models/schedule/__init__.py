"""The calendar: entries and series, when they take place, and what stands in their way."""
