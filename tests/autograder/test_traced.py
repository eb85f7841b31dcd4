"""What a call tells beyond its result: gradients through it, and models that come out of it."""

import pytest
import torch

from autograder.attempt import attempt
from autograder.compare import Foreign
from autograder.recipes import Network, Traced


def test_a_traced_input_brings_the_gradient_of_the_sum_of_cubes():
    x = Traced(torch.tensor([1.0, 2.0]))
    got = attempt(lambda x: (2 * x, x.detach()), {"x": x}).result
    torch.testing.assert_close(got["result"][0], torch.tensor([2.0, 4.0]))
    torch.testing.assert_close(got["gradient of x"], torch.tensor([24.0, 96.0]))


@pytest.mark.parametrize("cut", [lambda x, y: y + x.detach(), lambda x, y: x.detach()])
def test_a_cut_graph_is_said_to_be_cut(cut):
    inputs = {"x": Traced(torch.ones(2)), "y": Traced(torch.ones(2))}
    assert attempt(cut, inputs).result["gradient of x"] == Foreign("none: the graph was cut")


def test_where_a_model_goes_in_one_that_comes_out_is_seen():
    linear = (("Linear", 2, 1), ("ReLU",))
    values = {"0.weight": torch.ones(1, 2), "0.bias": torch.zeros(1)}
    got = attempt(lambda model: model, {"model": Network(linear, values)}).result
    assert got["layers"]["0"] == "Linear(in_features=2, out_features=1, bias=True)"
    assert got["training"] == {"": True, "0": True, "1": True}
    assert got["tensors"]["0.weight"].equal(values["0.weight"])
