"""Exercise 8.10: the loss while the rate grows, and the model as it was."""

import copy
import math

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from autograder.compare import close
from autograder.exercises.schedules.rates import between, whole
from autograder.recipes import Network, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import schedules


def finder_cases(rng):
    def model(*layers):
        blank = Network(layers, {})
        return Network(
            layers, {n: torch.randn(s, generator=rng) for n, s in blank.shapes().items()}
        )

    def batches(*sizes, scale=1.0):
        return [(scale * torch.randn(n, 3, generator=rng), torch.arange(n) % 2) for n in sizes]

    small = (("Linear", 3, 4), ("Tanh",), ("Linear", 4, 2))
    normed = (("Linear", 3, 4), ("BatchNorm1d", 4), ("Tanh",), ("Linear", 4, 2))

    def case(name, layers, loader, lr_max, steps, **more):
        inputs = dict(
            model=Written(model(*layers)), loader=loader, lr_min=between(rng, 0.005, 0.02)
        )
        return Case(name, inputs | dict(lr_max=lr_max, steps=steps) | more, by_part)

    top = between(rng, 0.3, 0.6)
    yield case("fewer batches than steps", small, batches(5, 4, 6), top, 8, beta=0.8)
    yield case("the default smoothing", small, batches(4, 4, 4, 4), top, 7)
    yield case("no smoothing", small, batches(5, 5), top, whole(rng, 4, 6), beta=0.0)
    yield case("batch norm in the network", normed, batches(6, 7, 5), top, 6, beta=0.7)
    huge = batches(4, 4, scale=1e18)  # float32 ends at 3e38, and so does the run
    yield case("a loss beyond all numbers", (("Linear", 3, 2),), huge, 1e6, 14, beta=0.5)
    broken = [(torch.full((4, 3), math.nan), torch.arange(4) % 2)]
    yield case("NaN in the third batch", small, batches(4, 5) + broken, top, 6, beta=0.6)
    yield case("NaN from the start", small, broken + batches(4, 5), top, 5)


def call(path) -> str:
    if not path:
        return "the result"
    if path[0] == "result":
        return ("the rates", "the losses")[path[1]] if len(path) > 1 else "the result"
    what = path[1] if len(path) > 1 else ""
    of = {"training": "the mode of ", "gradients": "the gradient of ", "tensors": ""}
    name = str(path[2] or "the model") if len(path) > 2 else "the model"
    return f"{of.get(what, str(what) + ' of ')}{name} after the call"


by_name = close(rtol=1e-3, atol=1e-6, call=call)


def by_part(got, expected) -> str:
    """Rates, losses and the model; a gradient of zeros is as good as none."""
    return by_name(without_zeros(got), without_zeros(expected))


def without_zeros(result):
    after = result.get("model afterwards") if isinstance(result, dict) else None
    if not isinstance(after, dict) or "gradients" not in after:
        return result
    gradients = {
        name: None if isinstance(grad, torch.Tensor) and not grad.any() else grad
        for name, grad in after["gradients"].items()
    }
    return result | {"model afterwards": after | {"gradients": gradients}}


TINY = dict(
    model=Written(
        Network((("Linear", 1, 2),), {"0.weight": torch.zeros(2, 1), "0.bias": torch.zeros(2)})
    ),
    loader=[(torch.tensor([[0.0]]), torch.tensor([0]))],
    lr_min=1.0,
    lr_max=4.0,
    steps=2,
    beta=0.5,
)


def finder_steps():
    first, gap = math.log(2), 2 * 0.5 * 1.0
    second = math.log(1 + math.exp(-gap))
    corrected = (0.5 * 0.5 * first + 0.5 * second) / 0.75
    return [
        ("rates", "1 and 4"),
        ("loss at step 0, two classes alike: log 2", f"{first:.4g}"),
        ("average 0.5 · 0 + 0.5 · 0.6931, divided by 1 − 0.5", f"{first:.4g}"),
        ("gradient of the two biases", "−0.5 and 0.5; the weights' is 0"),
        ("scores at step 1", "0.5 and −0.5"),
        ("loss at step 1, log(1 + e⁻¹)", f"{second:.4g}"),
        ("average, divided by 1 − 0.25", f"{corrected:.4g}"),
        (
            "weights, biases and buffers in the end",
            "0, as they were; gradients: None, hooks: 0",
        ),
        ("the layer, with 1 input and 2 outputs", "as it was"),
    ]


def finder_by_hand(model, loader, lr_min, lr_max, steps, beta=0.98):
    """Another right way: no optimizer, sums of weighted losses, the copy put back by hand."""
    kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
    factor, lr, seen, lrs, losses = (lr_max / lr_min) ** (1 / (steps - 1)), lr_min, [], [], []
    loader = list(loader)
    for t in range(steps):
        x, y = loader[t % len(loader)]
        loss = F.cross_entropy(model(x), y)
        if not math.isfinite(loss.item()):
            break
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= lr * parameter.grad
        seen.append(loss.item())
        weights = [beta ** (t - i) for i in range(t + 1)]
        lrs.append(lr)
        losses.append(sum(w * v for w, v in zip(weights, seen, strict=True)) / sum(weights))
        lr *= factor
    model.load_state_dict(copy.deepcopy(kept))
    model.zero_grad(set_to_none=False)
    like = next(model.parameters()).detach()
    return like.new_tensor(lrs), like.new_tensor(losses)


GRID = "rates.append(lr_min * (lr_max / lr_min) ** (t / (steps - 1)))"
AVERAGE = "average = beta * average + (1 - beta) * loss.item()"
KEEP = "losses.append(average / (1 - beta ** (t + 1)))"
STOP = "if not loss.isfinite():\n                break\n            "
BACK = "model.load_state_dict(before)"
LOSS = "loss = F.cross_entropy(model(x), y)"

LR_FINDER = Exercise(
    target=schedules.lr_finder,
    points=4,
    cases=finder_cases,
    accepts=(finder_by_hand,),
    bonus=True,
    goal="find a rate to start from",
    section="Where to start",
    minutes=20,
    difficulty=4,
    trace=Trace(inputs=TINY, steps=finder_steps),
    misconceptions=(
        Misconception(
            "rates on a straight line",
            instead_of=GRID,
            wrote="rates.append(lr_min + (lr_max - lr_min) * t / (steps - 1))",
            symptom="Your rates grow by the same amount at every step.",
            hint="They are to grow by the same factor, so that every decade gets its share.",
        ),
        Misconception(
            "highest rate never reached",
            instead_of="(t / (steps - 1))",
            wrote="(t / steps)",
            symptom="Your last rate is below lr_max.",
            hint="From the first to the last of n steps there are n − 1 factors.",
        ),
        Misconception(
            "lowest rate skipped",
            instead_of="(t / (steps - 1))",
            wrote="((t + 1) / steps)",
            symptom="Your first rate is above lr_min.",
            hint="Step 0 uses lr_min itself.",
        ),
        Misconception(
            "weights not put back",
            instead_of=BACK,
            wrote="pass",
            symptom="The model comes back with the weights of the run.",
            hint="Keep a copy before the first step, and put it back after the last. A "
            "dictionary of the model's own tensors is no copy: they change with the model.",
        ),
        Misconception(
            "buffers not put back",
            instead_of=BACK,
            wrote="for name, parameter in model.named_parameters():\n"
            "            parameter.data = before[name]",
            symptom="The weights are back, and the running statistics of a norm are not.",
            hint="A model's state is more than its parameters.",
        ),
        Misconception(
            "smoothing without correction",
            instead_of=KEEP,
            wrote="losses.append(average)",
            symptom="Your losses start near 0 and climb.",
            hint="The average starts at zero: divide by what the weights add up to so far.",
        ),
        Misconception(
            "correction one step behind",
            instead_of="beta ** (t + 1)",
            wrote="beta**t",
            symptom="At the first loss you divide by zero.",
            hint="After the first loss one weight has been given away, not none.",
        ),
        Misconception(
            "corrected average carried on",
            instead_of=KEEP,
            wrote="average = average / (1 - beta ** (t + 1))\n"
            "            losses.append(average)",
            symptom="Your second loss is too large already.",
            hint="Correct what is written down. The average itself goes on uncorrected.",
        ),
        Misconception(
            "weights swapped",
            instead_of=AVERAGE,
            wrote="average = (1 - beta) * average + beta * loss.item()",
            symptom="Your average follows the newest loss far too closely.",
            hint="β is the share of what was there before.",
        ),
        Misconception(
            "average begun at the first loss",
            instead_of=f"{AVERAGE}\n            {KEEP}",
            wrote="average = loss.item() if t == 0 else beta * average + (1 - beta) * "
            "loss.item()\n            losses.append(average)",
            symptom="The first loss counts far too much in your averages.",
            hint="Begin at zero and correct, so that all losses are weighed by their age only.",
        ),
        Misconception(
            "not smoothed",
            instead_of=KEEP,
            wrote="losses.append(loss.item())",
            symptom="You return the losses as they were.",
            hint="Asked for is their moving average, corrected.",
        ),
        Misconception(
            "always the first batch",
            instead_of="x, y = next(batches)",
            wrote="x, y = next(iter(loader))",
            symptom="All your losses are of the first batch.",
            hint="Each step takes the next batch.",
        ),
        Misconception(
            "out of batches",
            instead_of="cycle(loader)",
            wrote="iter(loader)",
            symptom="When there are more steps than batches your function stops.",
            hint="After the last batch the first comes again.",
        ),
        Misconception(
            "gradients pile up",
            instead_of="            optimizer.zero_grad()\n",
            wrote="",
            symptom="Your first two losses are right; the later ones are those of steps that "
            "contain old gradients.",
            hint="Clear the gradients before each backward pass.",
        ),
        Misconception(
            "an attribute that nobody reads",
            instead_of='optimizer.param_groups[0]["lr"] = rates[t]',
            wrote="optimizer.lr = rates[t]",
            symptom="Your rates are right on paper, and all steps use the first.",
            hint="An optimizer reads its rate from its parameter groups.",
        ),
        Misconception(
            "goes on after the last number",
            instead_of=STOP,
            wrote="",
            symptom="Your losses end in values that are no numbers.",
            hint="Stop at the first loss that is infinite or NaN, before you note it.",
        ),
        Misconception(
            "gradients left behind",
            instead_of="        model.zero_grad()\n",
            wrote="",
            symptom="The model comes back with gradients of the last step.",
            hint="Whoever trains it next must not find gradients that are not theirs.",
        ),
        Misconception(
            "evaluation mode",
            instead_of="before = copy",
            wrote="model.eval()\n    before = copy",
            symptom="Your network runs in evaluation mode, and comes back in it.",
            hint="The run is a training: leave the model's mode as it is.",
        ),
        Misconception(
            "softmax before the loss",
            instead_of=LOSS,
            wrote="loss = F.cross_entropy(model(x).softmax(dim=1), y)",
            symptom="Your losses can hardly move: the scores went through a softmax twice.",
            hint="The cross-entropy takes scores, and does the softmax itself.",
        ),
        Misconception(
            "sum for mean",
            instead_of=LOSS,
            wrote='loss = F.cross_entropy(model(x), y, reduction="sum")',
            symptom="Your losses are as many times too large as a batch has examples.",
            hint="Asked for is the mean over the batch.",
        ),
        Misconception(
            "weights never move",
            instead_of="loss.backward()\n            optimizer.step()",
            wrote="loss.backward()\n            optimizer.zero_grad()\n"
            "            optimizer.step()",
            symptom="Your losses are those of the first weights: the model does not learn on "
            "the way.",
            hint="Backward, then the step, and while the gradients are there.",
        ),
        Misconception(
            "rate one step ahead",
            instead_of='optimizer.param_groups[0]["lr"] = rates[t]',
            wrote='optimizer.param_groups[0]["lr"] = rates[t] * (lr_max / lr_min) ** (1 / '
            "(steps - 1))",
            symptom="Each of your steps uses the rate of the next one.",
            hint="The step after a loss uses the rate that is written down beside it.",
        ),
        Misconception(
            "losses first",
            instead_of="return loss.new_tensor(rates), loss.new_tensor(losses)",
            wrote="return loss.new_tensor(losses), loss.new_tensor(rates)",
            symptom="What you return as the rates are the losses.",
            hint="The rates come first, the losses second.",
        ),
        Misconception(
            "logarithms of the rates",
            instead_of="return loss.new_tensor(rates),",
            wrote="return loss.new_tensor(rates).log10(),",
            symptom="What you return as the rates are their logarithms.",
            hint="Asked for are the rates themselves. A figure can have a log axis.",
        ),
        Misconception(
            "stops at NaN only",
            instead_of="not loss.isfinite()",
            wrote="loss.isnan()",
            symptom="An infinite loss is still in your losses.",
            hint="Stop at a loss that is infinite, too.",
        ),
        Misconception(
            "stops at infinity only",
            instead_of="not loss.isfinite()",
            wrote="loss.isinf()",
            symptom="A loss of NaN does not stop you.",
            hint="NaN is not infinite. Ask whether the loss is a finite number.",
        ),
        Misconception(
            "stops when the loss has grown",
            instead_of="not loss.isfinite()",
            wrote="not loss.isfinite() or losses and loss.item() > 4 * min(losses)",
            symptom="You stop as soon as the loss is four times its lowest.",
            hint="Only a loss that is no number any more ends the run. How far to look is "
            "for later.",
        ),
    ),
)
