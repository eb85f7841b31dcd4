"""Numbers as people write them, in sentences, in tables and on logarithmic axes."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, LogFormatter, LogLocator, MaxNLocator, NullLocator

from steadygrad.checks import any_number, at_least, checked

PLAIN = (1e-3, 1e5)  # sizes between these are written out
PLAIN_TICKS = (1e-3, 1e4)  # and an axis whose ticks all lie here
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@checked(value=any_number, digits=at_least(1))
def human(value: float | int, digits: int = 2) -> str:
    """A number with this many significant digits; whole numbers keep all of theirs.

    >>> human(1.1e0), human(0.0512), human(12_345.6), human(-6.2e-7), human(1e-9)
    ('1.1', '0.051', '12,346', '−6.2 × 10⁻⁷', '10⁻⁹')
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    decimals = max(0, digits - 1 - int(exponent))
    if PLAIN[0] <= abs(round(value, decimals)) < PLAIN[1]:
        text = f"{value:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        power = _power(exponent)
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = power if mantissa == "1" else f"{mantissa} × {power}"
    return text.replace("-", "−")


@checked(share=any_number, digits=at_least(1))
def percent(share: float | int, digits: int = 2) -> str:
    """A share of 1 in per cent.

    >>> percent(0.0731), percent(1.0), percent(6e-9)
    ('7.3 %', '100 %', '6 × 10⁻⁷ %')
    """
    return f"{human(100 * share, digits)} %"


def _power(exponent: str) -> str:
    return f"10{str(int(exponent)).translate(RAISED)}"


# ── On logarithmic axes ──────────────────────────────────────────────────────────────


@checked
def plain_ticks(ax: Axes) -> Axes:
    """Write 0.01 and 100, not 10⁻² and 10², on the logarithmic ones of two axes."""
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() != "log":
            continue
        if type(axis.get_major_locator()) is LogLocator:
            axis.set_major_locator(Decades())
            axis.set_minor_locator(NullLocator())
        if isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(Plain())
    return ax


class Decades(LogLocator):
    """Ticks at powers of ten; at 1, 2, 5, 10 over two decades; else as if linear."""

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        low, high = sorted((max(vmin, 1e-300), max(vmax, 1e-300)))
        decades = math.log10(high / low)
        if decades < 1:
            linear = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
            return linear[linear > 0]
        self.set_params(subs=(1, 2, 5) if decades < 2.6 else (1,))
        return super().tick_values(low, high)


class Plain(Formatter):
    """Plain numbers if all ticks lie between 0.001 and 10,000, else powers for all of them."""

    powers = False

    def format_ticks(self, values: Sequence[float] | np.ndarray) -> list[str]:
        low, high = sorted(self.axis.get_view_interval())
        seen = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        self.powers = any(not PLAIN_TICKS[0] / 1.01 < v < PLAIN_TICKS[1] * 1.01 for v in seen)
        return [self(float(value)) for value in values]

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002  (matplotlib's signature)
        if x <= 0 or not self.powers or x in (1, 10):
            return human(x, 3) if x > 0 else ""
        mantissa, exponent = f"{x:.2e}".split("e")
        times = "" if float(mantissa) == 1 else f"{human(float(mantissa), 3)} × "
        return f"{times}{_power(exponent)}"
