"""Exercise 4.7: running statistics of these batches, exactly."""

from dataclasses import replace

import torch

from autograder.compare import Complaint, Kind, close, kind_of
from autograder.recipes import Network
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization


def recalibrate_cases(rng):
    def model(*layers, training=True):
        blank = Network(layers, {}, training=training)
        values = {n: torch.randn(s, generator=rng) for n, s in blank.shapes().items()}
        with torch.device("meta"):
            named = dict(blank._layers().named_buffers())
        stale = {
            name: 3 + torch.rand(buffer.shape, generator=rng)
            if "running" in name
            else torch.tensor(7)  # batches seen: the old average has a share until it is reset
            for name, buffer in named.items()
        }
        return replace(blank, parameters=values, buffers=stale)

    def batches(*sizes, features=3):
        return [2 * torch.randn(n, features, generator=rng) + i for i, n in enumerate(sizes)]

    small = (("Linear", 3, 4), ("BatchNorm1d", 4), ("ReLU",), ("Linear", 4, 2))
    deep = (*small, ("BatchNorm1d", 2, {"momentum": 0.4}))
    nested = (("Linear", 3, 4), ("Sequential", ("BatchNorm1d", 4), ("Linear", 4, 2)))
    dropped = (("Dropout", 0.9), ("Linear", 3, 2), ("BatchNorm1d", 2))
    yield Case(
        "four batches", dict(model=model(*small), batches=batches(6, 6, 6, 6)), statistics
    )
    yield Case(
        "two norms, one behind the other",
        dict(model=model(*deep), batches=batches(5, 5, 5)),
        statistics,
    )
    yield Case(
        "a model in evaluation",
        dict(model=model(*small, training=False), batches=batches(5, 7)),
        statistics,
    )
    yield Case(
        "batches of unlike size",
        dict(model=model(*small), batches=batches(3, 12, 5)),
        statistics,
    )
    yield Case(
        "a norm in a network within the network",
        dict(model=model(*nested), batches=batches(6, 5)),
        statistics,
    )
    held = replace(model(*small), evaluating=(1,))
    yield Case(
        "a norm held in evaluation, the rest training",
        dict(model=held, batches=batches(6, 4)),
        statistics,
    )
    yield Case("one batch", dict(model=model(*small), batches=batches(8)), statistics)
    yield Case(
        "dropout before the norm",
        dict(model=model(*dropped), batches=batches(9, 9)),
        statistics,
    )


def told(result) -> object:
    """Everything but the count of batches."""
    if not isinstance(result, dict) or "tensors" not in result:
        return result
    kept = {n: v for n, v in result["tensors"].items() if "tracked" not in n}
    return result | {"tensors": kept}


def name_of(path) -> str:
    if len(path) != 2:
        return "the model"
    module, _, value = (
        str(path[1]).rpartition(".") if path[0] == "tensors" else (path[1], "", "")
    )
    what = {"training": "the training flag", "layers": "the settings"}.get(path[0], value)
    return f"{what} of " + (f"module {module}" if module != "" else "the model")


by_name = close(call=name_of)


def statistics(got, expected) -> str:
    if not isinstance(got, dict):
        return Complaint(f"the result should be a model, got {kind_of(got)}", Kind.TYPE)
    said = by_name(told(got), told(expected))
    if not said:
        return ""
    # a list of every flag and setting that is right would hide what is wrong
    alone = (text.partition("; right: ")[0] for text in (said, said.guarded))
    complaint = Complaint(next(alone), said.kind, next(alone))
    complaint.path, complaint.entry = said.path, said.entry
    return complaint


def recalibrate_steps():
    return [
        ("first batch, 1 and 3: mean and unbiased variance", "2 and 2"),
        ("second batch, 4 and 8", "6 and 8"),
        ("averages of the two", "4 and 5"),
        ("weight and bias of the norm, 1 and 0, its settings and its mode", "as they were"),
        ("the norm, for 1 feature: ε, momentum, batches seen", "0.5, 0.1, 2"),
    ]


def recalibrate_by_hooks(model, batches):
    """Another right way: collect the inputs of each norm, average their statistics."""
    import copy

    fresh = copy.deepcopy(model)
    modes = [module.training for module in fresh.modules()]
    norms = [m for m in fresh.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    seen = {norm: [] for norm in norms}

    def note(norm, inputs):
        seen[norm].append((inputs[0].mean(0), inputs[0].var(0)))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    fresh.eval()
    for norm in norms:
        norm.train()
    with torch.no_grad():
        for batch in batches:
            fresh(batch)
        for norm in norms:
            means, variances = zip(*seen[norm], strict=True)
            norm.running_mean.copy_(torch.stack(means).mean(0))
            norm.running_var.copy_(torch.stack(variances).mean(0))
    for hook in hooks:
        hook.remove()
    for module, mode in zip(fresh.modules(), modes, strict=True):
        module.training = mode
    return fresh


RECALIBRATE = Exercise(
    target=normalization.recalibrate,
    points=3,
    cases=recalibrate_cases,
    accepts=(recalibrate_by_hooks,),
    bonus=True,
    goal="fold, recalibrate and freeze batch norm",
    section="Recalibrating",
    minutes=12,
    difficulty=4,
    trace=Trace(
        inputs=dict(
            model=Network(
                (("BatchNorm1d", 1, {"eps": 0.5}),),
                {"0.weight": torch.ones(1), "0.bias": torch.zeros(1)},
                buffers={"0.running_mean": torch.ones(1), "0.running_var": torch.ones(1)},
            ),
            batches=[torch.tensor([[1.0], [3.0]]), torch.tensor([[4.0], [8.0]])],
        ),
        steps=recalibrate_steps,
    ),
    misconceptions=(
        Misconception(
            "exponential average kept",
            instead_of="        norm.momentum = None\n",
            wrote="",
            symptom="The last batches count more than the first.",
            hint="With a fixed momentum older batches count less. Asked for is the plain "
            "average, all batches of equal weight.",
        ),
        Misconception(
            "not reset",
            instead_of="norm.reset_running_stats()",
            wrote="pass",
            symptom="The old running values are still in your average.",
            hint="Forget the old values before the first batch.",
        ),
        Misconception(
            "last batch only",
            instead_of="norm.momentum = None",
            wrote="norm.momentum = 1.0",
            symptom="Your statistics are those of the last batch.",
            hint="All batches enter, with equal weight.",
        ),
        Misconception(
            "all batches as one",
            instead_of="for batch in batches:",
            wrote="for batch in [torch.cat(list(batches))]:",
            symptom="Your variance also counts how the batches' means differ.",
            hint="Asked for is the average of the batches' own variances, as PyTorch takes it "
            "with momentum=None.",
        ),
        Misconception(
            "batches weighted by their size",
            instead_of="        for batch in batches:\n",
            wrote="        seen = 0\n        for batch in batches:\n"
            "            seen += len(batch)\n            for norm in norms:\n"
            "                norm.momentum = len(batch) / seen\n",
            symptom="Large batches count more than small ones.",
            hint="All batches have equal weight, as PyTorch gives it to them with "
            "momentum=None.",
        ),
        Misconception(
            "only norms at the top",
            instead_of="for module in fresh.modules() if",
            wrote="for module in fresh.children() if",
            symptom="A norm inside a network within the network keeps its old values.",
            hint="A network may hold networks. Visit every module, not only the outer ones.",
        ),
        Misconception(
            "nothing moves in evaluation mode",
            instead_of="        norm.train()\n",
            wrote="",
            symptom="Your running values are 0 and 1, as after a reset: no batch moved them.",
            hint="A batch norm learns its running values in training mode only.",
        ),
        Misconception(
            "left in another mode",
            instead_of="ours.training = theirs.training",
            wrote="pass",
            symptom="The modules come back in other modes than they had.",
            hint="Who passes a model in training expects one in training; put each module "
            "back.",
        ),
        Misconception(
            "momentum left changed",
            instead_of="ours.momentum = theirs.momentum",
            wrote="pass",
            symptom="The norms come back with another momentum than they had.",
            hint="The next training run expects the momentum that it was given.",
        ),
        Misconception(
            "left as it was measured",
            instead_of="for ours, theirs in zip(fresh.modules(), model.modules(), "
            "strict=True):\n"
            "        ours.training = theirs.training\n"
            "        if isinstance(ours, BATCH_NORMS):\n"
            "            ours.momentum = theirs.momentum\n"
            "    return fresh",
            wrote="return fresh.eval()",
            symptom="Your copy comes back in evaluation, its norms with momentum None.",
            hint="Who goes on training it expects the modes and the momentum that the model "
            "had: put back both.",
        ),
        Misconception(
            "model itself changed",
            instead_of="fresh = copy.deepcopy(model).eval()",
            wrote="fresh = model.eval()",
            symptom="The model that was handed in is changed.",
            hint="Work on a copy.",
        ),
        Misconception(
            "dropout left on",
            instead_of="fresh = copy.deepcopy(model).eval()",
            wrote="torch.manual_seed(0)\n    fresh = copy.deepcopy(model).train()",
            symptom="With dropout before a norm your statistics are of inputs that evaluation "
            "never sees.",
            hint="Only the norms go into training mode; everything else stays in evaluation.",
        ),
        Misconception(
            "biased variances",
            instead_of="        for batch in batches:\n            fresh(batch)\n",
            wrote="        for number, batch in enumerate(batches, start=1):\n"
            "            before = [norm.running_var.clone() for norm in norms]\n"
            "            fresh(batch)\n"
            "            for norm, old in zip(norms, before):\n"
            "                own = old + number * (norm.running_var - old)\n"
            "                norm.running_var -= own / (number * len(batch))\n",
            symptom="Your running variances are a little too small.",
            hint="A running variance estimates that of all data: each batch's divides by N − "
            "1.",
        ),
        Misconception(
            "first batch only",
            instead_of="            fresh(batch)\n",
            wrote="            fresh(batch)\n            break\n",
            symptom="Your statistics are those of the first batch.",
            hint="All batches enter, with equal weight.",
        ),
        Misconception(
            "one mode for all modules",
            instead_of="theirs.training",
            wrote="model.training",
            symptom="A part that was held in evaluation mode comes back in training mode.",
            hint="Remember each module's mode, not the model's only.",
        ),
    ),
)
