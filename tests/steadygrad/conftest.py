"""What the tests of the library share."""

from importlib import import_module

import jaxtyping
import pytest


@pytest.fixture
def shapes_unchecked():
    """The checks that tests put around every function are nothing that torch can compile."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def _opened(request):
    topic = request.module.__name__.removeprefix("test_explorer_")
    figure = import_module(f"steadygrad.explorers.{topic}").explorer()
    return figure, figure.values()


@pytest.fixture
def figure(_opened):
    """The explorer of a module's topic, as it was when it was opened."""
    figure, start = _opened
    for name, value in start.items():
        if hasattr(figure, "controls"):
            figure.controls[name].value = value
        else:
            setattr(figure, name, value)
    return figure
