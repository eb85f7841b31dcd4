"""A walk that leaves the picture is drawn in the direction in which it left, and no farther."""

import numpy as np
import pytest

from steadygrad.explorers import adaptive, valley
from steadygrad.explorers.quick import FAR, drawn


def test_a_walk_that_stays_is_drawn_whole():
    path = np.array([[1.0, 2.0], [3.0, -4.0]])
    assert np.array_equal(drawn(path), path)


@pytest.mark.parametrize("size", [1e5, 1e30, 1e300])
def test_the_step_that_leaves_keeps_its_direction_and_nothing_follows_it(size):
    path = np.array([[1.0, 1.0], [1 + 3 * size, 1 - 4 * size], [0.0, 0.0]])
    shown = drawn(path)
    assert len(shown) == 2
    assert shown[1] - shown[0] == pytest.approx([0.75 * FAR, -FAR])


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_what_is_no_number_is_not_drawn(lost):
    assert len(drawn(np.array([[1.0, 1.0], [lost, 2.0], [0.0, 0.0]]))) == 1
    assert len(drawn(np.array([[lost, 1.0]]))) == 0


def test_no_line_leads_back_from_a_divergence_to_the_minimum():
    race = adaptive.explorer()
    for name, value in {"rule": "momentum", "lr": 10, "across": 1, "up": 1}.items():
        race.controls[name].value = value
    rivals = 3  # lines behind the walk
    raced = np.transpose(race.figure.axes[0].lines[rivals].get_data())
    for path in (valley.measure(lr=30.0, mu=0.0).path, raced):
        sizes = np.abs(path).max(axis=1)
        assert 2 <= len(path) < 30
        assert sizes[-1] > FAR / 2


def test_sliders_that_a_rule_does_not_listen_to_are_hidden():
    controls = adaptive.explorer().controls
    names = ("beta1", "beta2", "eps")
    hidden = {}
    for rule in adaptive.RACERS:
        controls["rule"].value = rule
        hidden[rule] = {name for name in names if controls[name].hidden}
    assert hidden["momentum"] == {"beta2", "eps"}
    assert hidden["AdaGrad"] == {"beta1", "beta2"}
    assert hidden["RMSProp"] == {"beta1"}
    assert not hidden["Adam"] | hidden["AMSGrad"] | hidden["NAdam"]
