"""What a session costs and earns, in whole cents."""


def amount_cents(hourly_cents: int, minutes: int) -> int:
    """Hourly price times minutes / 60, rounded half-up to the cent (product §4).

    Exact integers throughout. Raises ValueError for a negative price or length.
    """
    if hourly_cents < 0 or minutes < 0:
        raise ValueError("a price and a length cannot be negative")
    return (2 * hourly_cents * minutes + 60) // 120
