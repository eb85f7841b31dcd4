"""Figures.  Every function takes data and an optional Axes, draws, and returns the Axes.

How figures look is decided in one place, STYLE.  Lines differ in colour, in dash and in
marker, so that no reader needs to tell colours apart; `show` wants the figure in words.

    style       how figures look, and what they are drawn on: use_style, panels
    showing     how a notebook shows them: show
    lines       curves, layer_sizes, function, error_over_step
    pictures    images, decision, chain
    plane       contours, walks
"""

from steadygrad.plots.lines import Bands, curves, error_over_step, function, layer_sizes
from steadygrad.plots.pictures import chain, decision, images
from steadygrad.plots.plane import View, contours, walks
from steadygrad.plots.showing import DARK, PAPER, show
from steadygrad.plots.style import COLORS, DASHES, MARKERS, STYLE, Numbers, panels, use_style

__all__ = [
    "COLORS",
    "DARK",
    "DASHES",
    "MARKERS",
    "PAPER",
    "STYLE",
    "Bands",
    "Numbers",
    "View",
    "chain",
    "contours",
    "curves",
    "decision",
    "error_over_step",
    "function",
    "images",
    "layer_sizes",
    "panels",
    "show",
    "use_style",
    "walks",
]
