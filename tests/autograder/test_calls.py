"""Called more than once, on something to write into, with a state that is carried along."""

import io

import pytest
import torch
from torch import nn

from autograder.apart.wire import receive, send
from autograder.calling.attempt import attempt
from autograder.calling.outcome import NOT_ATTEMPTED
from autograder.cases import properties
from autograder.compare import Kind, disagreement
from autograder.judges import refusal
from autograder.recipes import (
    Carried,
    Each,
    Leaf,
    Network,
    Once,
    Refused,
    Stepper,
    Written,
    build_all,
    each_tensor,
)
from autograder.spec import Case

ONES = torch.ones(3)
SLOPES = Each([torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([4.0])])
LAYER = Network(
    (("Linear", 2, 1), ("Dropout", 0.5)),
    {"0.weight": torch.tensor([[1.0, 2.0]]), "0.bias": torch.tensor([0.5])},
    {"0.bias": torch.tensor([3.0])},
)


# ── To write into ───────────────────────────────────────────────────────────────────


def double_(x):
    return x.mul_(2)


def test_what_was_written_into_is_judged_and_nobody_complains():
    outcome = attempt(double_, {"x": Written(ONES)})
    assert outcome.changed == ()
    assert disagreement(outcome.result, {"result": 2 * ONES, "x afterwards": 2 * ONES}) == ""
    assert attempt(double_, {"x": ONES}).changed == ("x",)


def test_a_new_tensor_in_its_stead_is_told():
    right, wrong = (attempt(f, {"x": Written(ONES)}).result for f in (double_, lambda x: 2 * x))
    said = disagreement(wrong, right)
    assert said.startswith(
        "entry [0] of `x` after the call should be 2, got 1 (3 of 3 entries)"
    )


def test_a_function_that_only_writes_may_return_what_it_wrote():
    something = attempt(double_, {"x": Written(ONES)}).result
    nothing = {**something, "result": None}
    assert disagreement(something, nothing) == ""
    assert disagreement(nothing, something).kind is Kind.TYPE


def test_a_leaf_shows_its_gradient_and_whether_it_asks_for_one():
    def submission(p):
        (leaf,) = p
        leaf.grad.add_(1)
        leaf.requires_grad_(False)

    got = attempt(submission, {"p": Written([Leaf(ONES, 2 * ONES)])}).result
    (leaf,) = got["p afterwards"]
    assert leaf["gradient"].equal(3 * ONES)
    assert leaf["values"].equal(ONES)
    assert leaf["asks for gradients"] is False
    assert attempt(submission, {"p": [Leaf(ONES, 2 * ONES)]}).changed == ("p",)
    assert attempt(lambda p: None, {"p": [Leaf(ONES, 2 * ONES)]}).changed == ()


def test_who_puts_another_tensor_into_the_list_has_changed_nothing():
    def submission(p):
        p[0] = p[0].detach() + 1

    (leaf,) = attempt(submission, {"p": Written([Leaf(ONES)])}).result["p afterwards"]
    assert leaf["values"].equal(ONES)


def test_a_model_shows_parameters_gradients_modes_and_hooks():
    def submission(model):
        model.eval()
        model[0].weight.data.zero_()
        model[0].bias.grad = None
        model[0].register_forward_hook(lambda *_: None)

    after = attempt(submission, {"model": Written(LAYER)}).result["model afterwards"]
    assert after["tensors"]["0.weight"].equal(torch.zeros(1, 2))
    assert after["gradients"] == {"0.weight": None, "0.bias": None}
    assert after["training"] == {"": False, "0": False, "1": False}
    assert after["asks for gradients"] == {"0.weight": True, "0.bias": True}
    assert after["hooks"] == 1


def test_an_optimizer_belongs_to_the_model_beside_it():
    def submission(model, optimizer):
        assert optimizer.param_groups[0]["params"][0] is model[0].weight
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 0.25

    inputs = {
        "optimizer": Written(Stepper("model", "SGD", {"lr": 0.5, "momentum": 0.9})),
        "model": Written(LAYER),
    }
    got = attempt(submission, inputs).result
    assert got["model afterwards"]["tensors"]["0.bias"].item() == -1.0
    assert got["optimizer afterwards"]["settings"][0]["lr"] == 0.25
    assert got["optimizer afterwards"]["state"][1]["momentum_buffer"].item() == 3.0


def test_an_optimizer_that_should_be_left_alone_is_watched():
    inputs = {"p": Written([Leaf(ONES, ONES)]), "optimizer": Stepper("p", "Adam", {"lr": 0.1})}
    assert attempt(lambda p, optimizer: None, inputs).changed == ()
    assert attempt(lambda p, optimizer: optimizer.step(), inputs).changed == ("optimizer",)


# ── Called again and again ──────────────────────────────────────────────────────────


def momentum(gradient, state, mu=0.5):
    buffer = gradient if state is None else mu * state + gradient
    return buffer, buffer


def test_a_state_is_carried_from_call_to_call_and_not_judged():
    got = attempt(momentum, {"gradient": SLOPES, "state": Carried()})
    assert [direction.item() for direction in got.result] == [1.0, 2.5, 5.25]
    assert got.changed == ()


def test_what_is_written_over_later_was_kept():
    def in_place(gradient, state):
        state = torch.zeros_like(gradient) if state is None else state
        state.mul_(0.5).add_(gradient)
        return state, state

    got = attempt(in_place, {"gradient": SLOPES, "state": Carried()}).result
    assert [direction.item() for direction in got] == [1.0, 2.5, 5.25]


def test_a_first_state_goes_into_the_first_call():
    inputs = {"gradient": SLOPES, "state": Carried(torch.tensor([2.0])), "mu": 1.0}
    assert attempt(momentum, inputs).result == [3.0, 5.0, 9.0]


def test_who_returns_no_state_is_told_so():
    got = attempt(lambda gradient, state: gradient, {"gradient": SLOPES, "state": Carried()})
    assert got.failure == ("no state", "")
    assert got.error == (
        "returned a tensor of shape (1,); it should return a tuple, whose last part goes into "
        "the next call as `state`"
    )


def test_a_state_that_is_returned_first_is_told():
    def turned(gradient, state):
        state = {"sum": gradient + (state["sum"] if state else 0)}
        return state, gradient

    got = attempt(turned, {"gradient": SLOPES, "state": Carried()})
    assert got.failure == ("order", "")
    assert got.error == (
        "returned a dict before a tensor of shape (1,); what goes into the next call as "
        "`state` should be the last part"
    )


def test_without_a_state_each_value_is_asked_for():
    assert attempt(lambda t, base: base**t, {"t": Each([0, 1, 2]), "base": 3}).result == [
        1,
        3,
        9,
    ]


def refusing(x):
    if x < 0:
        raise OverflowError("too small")
    return x


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (refusing, ""),
        (lambda x: {}[x], "raise an ArithmeticError here, but it raised a KeyError"),
        (lambda x: x, "raise an ArithmeticError here, but it returned an int"),
        (lambda x: {"raised": "ArithmeticError"}, "returned a dict"),
    ],
)
def test_what_has_to_be_refused_by_an_exception_is(function, said):
    inputs = dict(x=Refused(-1, "ArithmeticError"))
    expected = attempt(refusing, inputs).result
    assert expected == {"raised": "ArithmeticError"}  # or a kind of it
    complaint = refusal(attempt(function, inputs).result, expected)
    assert said in complaint
    assert bool(said) == bool(complaint)


def test_a_stub_refuses_nothing():
    def stub(x):
        raise NotImplementedError

    assert attempt(stub, dict(x=Refused(-1, "RuntimeError"))) == NOT_ATTEMPTED


def test_two_answers_to_what_should_be_refused_are_compared():
    one, other = ({"returned": value} for value in (1.0, None))
    assert refusal(one, other)
    assert not refusal(one, one)


def test_all_calls_together_have_one_limit():
    def endless(t):
        while t == 2:
            pass
        return t

    assert attempt(endless, {"t": Each([0, 1, 2])}, seconds=0.2).failure == ("time", "")


def test_an_iterator_can_be_run_through_once():
    got = attempt(lambda xs: (sum(xs), sum(xs)), {"xs": Once([1, 2])})
    assert got.result == (3, 0)
    assert got.changed == ()


def test_leaves_behind_an_iterator_can_be_written_into():
    def submission(parameters):
        for parameter in parameters:
            parameter.grad.zero_()

    inputs = {"parameters": Written(Once([Leaf(ONES, ONES), Leaf(ONES, 2 * ONES)]))}
    leaves = attempt(submission, inputs).result["parameters afterwards"]
    assert all(leaf["gradient"].equal(0 * ONES) for leaf in leaves)


# ── As data ─────────────────────────────────────────────────────────────────────────

EVERYTHING = {
    "model": Written(LAYER),
    "optimizer": Written(Stepper("model", "AdamW", {"betas": (0.5, 0.9)})),
    "gradient": SLOPES,
    "state": Carried([ONES]),
    "once": Once([Leaf(ONES, ONES)]),
    "bad": Refused(ONES, "ValueError"),
}


def test_recipes_cross_to_the_worker():
    stream = io.BytesIO()
    send(stream, EVERYTHING)
    stream.seek(0)
    back = build_all(receive(stream, trusted=True))
    assert isinstance(back["model"], nn.Sequential)
    assert back["optimizer"].defaults["betas"] == (0.5, 0.9)
    assert next(back["once"]).grad.equal(ONES)
    assert back["bad"].equal(ONES)


@pytest.mark.parametrize("case", list(properties(Case("typical", EVERYTHING)))[:2])
def test_every_tensor_inside_can_be_replaced(case):
    seen = []
    each_tensor(case.inputs, lambda tensor: seen.append(tensor) or tensor)
    assert len(seen) == 3 + 3 + 1 + 2 + 1
    if "float64" in case.name:
        assert {tensor.dtype for tensor in seen} == {torch.float64}
    else:
        assert not any(t.is_contiguous() for t in seen if t.numel() > 1)
    build_all(case.inputs)
