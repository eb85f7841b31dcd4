"""What the tests of the explorers share."""

from importlib import import_module

import pytest


@pytest.fixture(scope="module")
def _opened(request):
    topic = request.module.__name__.removeprefix("test_explorer_")
    figure = import_module(f"steadygrad.explorers.{topic}").explorer()
    return figure, figure.values()


@pytest.fixture
def figure(_opened):
    """The explorer of a module's topic, its controls as they were when it was opened."""
    figure, start = _opened
    for name, value in start.items():
        figure.controls[name].value = value
    return figure
