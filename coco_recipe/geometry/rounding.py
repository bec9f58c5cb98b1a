"""Numbers that are computed carry no float dust: 250.73, not 250.73000000000002."""

DIGITS = 6


def tidy(value: float, digits: int = DIGITS) -> int | float:
    """Round a computed number, to a millionth unless told.

    A whole number stays one, and there is no -0.0.
    """
    return value if isinstance(value, int) else round(float(value), digits) + 0.0
