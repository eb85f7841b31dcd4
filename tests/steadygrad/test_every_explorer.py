"""What holds for every explorer: it opens, and each control moves the picture and back."""

from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import steadygrad.explorers

FOLDER = Path(steadygrad.explorers.__file__).parent
EXPLORERS = sorted(
    path.stem for path in FOLDER.glob("*.py") if "\ndef explorer(" in path.read_text("utf-8")
)
NEEDS = {  # a control that moves nothing unless another stands elsewhere
    ("activations", "shape"): {"name": "ELU"},
    ("initialization", "family"): {"activation": "tanh"},
}


@cache
def opened(topic):
    return import_module(f"steadygrad.explorers.{topic}").explorer()


def elsewhere(control):
    """Another value that a control can take: an end of a slider, another choice."""
    if hasattr(control, "options"):
        choices = [each[1] if isinstance(each, tuple) else each for each in control.options]
        return next(value for value in reversed(choices) if value != control.value)
    ends = (control.max, control.min)
    if hasattr(control, "base"):
        ends = tuple(control.base**exponent for exponent in ends)
    return next(end for end in ends if end != control.value)


def stand(figure, values):
    for name, value in values.items():
        figure.controls[name].value = value


@pytest.mark.parametrize("topic", EXPLORERS)
def test_it_opens_with_a_picture_a_sentence_and_no_error(topic):
    figure = opened(topic)
    assert figure.error == ""
    assert figure.picture[:4] == b"\x89PNG"
    assert len(figure.sentence) > 80
    assert len(figure.alt) > 40


@pytest.mark.slow
@pytest.mark.parametrize("topic", EXPLORERS)
def test_every_control_changes_the_picture_and_back(topic):
    figure = opened(topic)
    start = figure.values()
    for name, control in figure.controls.items():
        stand(figure, needed := start | NEEDS.get((topic, name), {}))
        before = figure.picture
        control.value = elsewhere(control)
        assert figure.error == "", name
        assert figure.picture != before, name
        stand(figure, needed)
        assert figure.picture == before, name
    stand(figure, start)
