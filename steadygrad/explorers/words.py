"""Numbers as people say them."""

import math

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def human(value: float) -> str:
    """A size in as few digits as tell it, two at most.

    >>> human(0.00123), human(0.98), human(347.0), human(3.21e-12)
    ('0.0012', '0.98', '350', '3 × 10⁻¹²')
    """
    if not math.isfinite(value):
        return "beyond all numbers"
    if value <= 0:
        return f"−{human(-value)}" if value else "0"
    first, power = f"{value:.0e}".split("e")
    if -4 < int(power) < 5:
        rounded = float(f"{value:.1e}")
        digits = max(0, 1 - math.floor(math.log10(rounded)))
        text = f"{rounded:,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        return text.rstrip("0").rstrip(".") if digits else text
    raised = f"10{str(int(power)).translate(RAISED)}"
    return raised if first == "1" else f"{first} × {raised}"
