"""Explorers: figures to steer and drawings to drag, one module a topic; widgets live here."""
