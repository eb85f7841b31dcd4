"""Explorers: figures with sliders, one module a topic; the only place that knows ipywidgets."""
