"""What holds for every explorer: it opens, and each control moves the picture and back.

Some have controls that move a picture made by matplotlib; others are drawn in the page, and
what their reader moves are traits.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import traitlets

import steadygrad.explorers

FOLDER = Path(steadygrad.explorers.__file__).parent
EXPLORERS = sorted(
    path.stem for path in FOLDER.glob("*.py") if "\ndef explorer(" in path.read_text("utf-8")
)
NEEDS = {  # a control that moves nothing unless another stands elsewhere
    ("activations", "shape"): {"name": "ELU"},
    ("initialization", "family"): {"activation": "tanh"},
}

ELSEWHERE = {  # for traits that are no numbers between two ends and no choices
    ("momentum", "start"): [5.0, 3.0],
}


@cache
def opened(topic):
    return import_module(f"steadygrad.explorers.{topic}").explorer()


def moved(figure):
    """All that a reader can move, by name."""
    return getattr(figure, "controls", None) or figure.traits(moved=True)


def drawn(figure):
    """What is seen: a picture, or all that the page draws one from."""
    if hasattr(figure, "picture"):
        return figure.picture
    state = figure.get_state()
    return {name: state[name] for name in state.keys() - figure.values().keys()}


def elsewhere(topic, name, figure):
    """Another value for what can be moved: an end of a slider, another choice."""
    control = moved(figure)[name]
    if (topic, name) in ELSEWHERE:
        return ELSEWHERE[topic, name]
    if isinstance(control, traitlets.Enum):
        return next(v for v in reversed(control.values) if v != getattr(figure, name))
    if isinstance(control, traitlets.TraitType):
        return next(v for v in (control.max, control.min) if v != getattr(figure, name))
    if hasattr(control, "options"):
        choices = [each[1] if isinstance(each, tuple) else each for each in control.options]
        return next(value for value in reversed(choices) if value != control.value)
    ends = (control.max, control.min)
    if hasattr(control, "base"):
        ends = tuple(control.base**exponent for exponent in ends)
    return next(end for end in ends if end != control.value)


def stand(figure, values):
    for name, value in values.items():
        if hasattr(figure, "controls"):
            figure.controls[name].value = value
        else:
            setattr(figure, name, value)


@pytest.mark.parametrize("topic", EXPLORERS)
def test_it_opens_with_a_picture_a_sentence_and_no_error(topic):
    figure = opened(topic)
    assert figure.error == ""
    assert figure.still()[:4] == b"\x89PNG"
    assert len(figure.sentence) > 80
    assert len(figure.alt) > 40


@pytest.mark.slow
@pytest.mark.parametrize("topic", EXPLORERS)
def test_every_control_changes_the_picture_and_back(topic):
    figure = opened(topic)
    start = figure.values()
    for name in moved(figure):
        stand(figure, needed := start | NEEDS.get((topic, name), {}))
        before = drawn(figure)
        stand(figure, {name: elsewhere(topic, name, figure)})
        assert figure.error == "", name
        assert drawn(figure) != before, name
        stand(figure, needed)
        assert drawn(figure) == before, name
    stand(figure, start)
