"""Numbers that are computed carry no float dust: 250.73, not 250.73000000000002."""

DIGITS = 6


def tidy(value: float, digits: int = DIGITS) -> int | float:
    """Round a computed number.

    A whole number stays one, and there is no -0.0.

    Args:
        value: the number.
        digits: how many stay behind the point; a millionth unless told.

    Returns:
        The rounded number.
    """
    return value if isinstance(value, int) else round(float(value), digits) + 0.0
