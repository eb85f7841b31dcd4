"""Figures.  Every function takes data and an optional Axes, draws, and returns the Axes.

How figures look is decided in one place, STYLE.  Lines are named at their ends and differ by
more than colour; `show` wants the figure's number, its takeaway, and the figure in words.

    style       how figures look, and what they are drawn on: use_style, panels
    showing     how a notebook shows them: show
    lines       curves, layer_sizes, function, error_over_step
    pictures    images, decision, chain
    plane       contours, walks, walk_panels
    spreads     what several seeds say: spread
    looks       what a line is drawn like
    labels      the names of lines at their ends: label_lines
    places      where those names stand
    written     numbers as people write them: human, percent, plain_ticks
"""

from steadygrad.plots.labels import label_lines
from steadygrad.plots.lines import Bands, curves, error_over_step, function, layer_sizes
from steadygrad.plots.pictures import chain, decision, images
from steadygrad.plots.plane import View, contours, walk_panels, walks
from steadygrad.plots.showing import DARK, PAPER, show
from steadygrad.plots.spreads import Spread, spread
from steadygrad.plots.style import COLORS, DASHES, MARKERS, STYLE, Numbers, panels, use_style
from steadygrad.plots.written import human, percent, plain_ticks

__all__ = [
    "COLORS",
    "DARK",
    "DASHES",
    "MARKERS",
    "PAPER",
    "STYLE",
    "Bands",
    "Numbers",
    "Spread",
    "View",
    "chain",
    "contours",
    "curves",
    "decision",
    "error_over_step",
    "function",
    "human",
    "images",
    "label_lines",
    "layer_sizes",
    "panels",
    "percent",
    "plain_ticks",
    "show",
    "spread",
    "use_style",
    "walk_panels",
    "walks",
]
