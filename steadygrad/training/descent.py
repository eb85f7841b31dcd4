"""Descent: any rule of this course as an optimizer in the manner of PyTorch."""

import inspect
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from steadygrad.checks import unchecked
from steadygrad.training.flat import Flat, Vector, arrange
from steadygrad.training.fused import Ask, Fused
from steadygrad.training.states import State, mapped, packed, unpacked

Rule = Callable[..., tuple[Vector, State]]


class Descent(Optimizer):
    """Take steps along the directions of a rule: θ ← θ − lr · direction.

        direction, state = rule(gradient, state, **settings)

    A rule that names a third parameter `theta` gets the parameters, one that names `lr` the
    rate.  For the rule the parameters of a group lie end to end in one vector (one for each
    dtype and device), copied anew for every step; each parameter keeps its own memory.
    `settings` are those of the rule, and each group may have its own.  `weight_decay` adds
    weight_decay · θ to the gradient, unless the rule has a parameter of that name and sees to
    it itself.

    A parameter without a gradient is left out, and its state does not age, as in torch.optim.
    Schedulers, GradScaler, closures, `state_dict`, deepcopy and pickle work as usual; a saved
    state holds copies, and a run that goes on from it gives the same numbers to the bit.

    `compile=True` hands the rule to `torch.compile`, which makes one loop of its formula.  The
    results differ by rounding.  Compiling takes seconds, and again where something new turns
    up; with ten million parameters a step then takes half its time, with ten thousand about
    what it took before.  Steps before there is a state go uncompiled.  So do, after one
    warning, a rule that cannot be compiled or keeps floats, booleans or text in its state, and
    any rule without a compiler or with an older PyTorch than 2.13, with which this was tried.

    Raises ValueError for settings that are not finite or a negative rate, and TypeError for
    settings that the rule does not have or lacks.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        rule: Rule,
        *,
        lr: float,
        compile: bool = False,  # noqa: A002 - torch's own word for it
        **settings: Any,
    ):
        self._hold(rule, compile, settings)
        self._flats: list[list[Flat]] = []
        self._had: list[list[bool]] = []
        defaults = {"lr": lr, "weight_decay": 0.0} | self._settings | settings
        super().__init__(params, defaults)

    def _hold(self, rule: Rule, compiled: bool, given: Iterable[str]) -> None:
        """Look once at what the rule asks for; with **settings it takes all that are given."""
        self.rule, self.compile = rule, compiled
        known = list(inspect.signature(rule).parameters.values())
        names = [p.name for p in known]
        self._takes_theta = "theta" in names[:3]
        ask = _asking(rule, theta=self._takes_theta, lr="lr" in names)
        self._ask = Fused(ask) if compiled else ask
        own = [p for p in known[2:] if p.name not in ("theta", "lr")]
        takes_any = any(p.kind is p.VAR_KEYWORD for p in own)
        own = [p for p in own if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self._names = [p.name for p in own]
        self._names += [name for name in given if takes_any and name not in self._names]
        self._settings = {p.name: p.default for p in own if p.default is not p.empty}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with a rate and settings of their own, also between two steps."""
        name = getattr(self.rule, "__name__", "the rule")
        given = self.defaults | param_group
        if missing := [key for key in self._names if key not in given]:
            raise TypeError(f"{name} also needs {', '.join(missing)}; give it to Descent.")
        known = {"params", "param_names", "initial_lr", "lr", "weight_decay", *self._names}
        if extra := given.keys() - known - _of_schedulers:
            raise TypeError(
                f"{name} has no setting {', '.join(map(repr, sorted(extra)))}; it has "
                f"{', '.join(['lr', 'weight_decay', *self._names])}."
            )
        _check(given)
        super().add_param_group(param_group)
        for p in self.param_groups[-1]["params"]:
            if not p.is_floating_point():
                self.param_groups.pop()
                raise TypeError(f"Parameters must be real numbers, but one is {p.dtype}.")
        self._flats.append([])
        self._had.append([])

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; a closure is called first, with gradients on, for its loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, group in enumerate(self.param_groups):
            has = [p.grad is not None for p in group["params"]]
            flats = self._flats[number]
            if has != self._had[number] or not all(flat.fits for flat in flats):
                flats = self._flats[number] = arrange(flats, group["params"])
                self._had[number] = has
            for flat in flats:
                if flat.params[0].grad is not None:
                    self._advance(flat, group)
        return loss

    def _advance(self, flat: Flat, group: dict[str, Any]) -> None:
        lr, settings = float(group["lr"]), {name: group[name] for name in self._names}
        decay = 0.0 if "weight_decay" in self._names else group["weight_decay"]
        gradient = flat.gradient
        theta = flat.theta if decay or self._takes_theta else None
        if decay:
            gradient = gradient.add(theta, alpha=decay)
        direction, flat.state = self._ask(theta, gradient, flat.state, lr, settings)
        flat.move(direction, lr)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all settings and states, which `torch.load` reads with weights_only."""
        self.state.clear()
        for number, flats in enumerate(self._flats):
            places = {id(p): n for n, p in enumerate(self.param_groups[number]["params"])}
            self.state[f"group {number}"] = [
                {
                    "places": [places[id(p)] for p in flat.params],
                    "shapes": [list(shape) for shape, _, _ in flat.kinds],
                    "memory": packed(flat.state),
                }
                for flat in flats
            ]
        saved = super().state_dict()
        self.state.clear()
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state; the parameters' own values are the model's to load."""
        theirs = not all(str(key).startswith("group ") for key in state_dict["state"])
        for group in state_dict["param_groups"]:
            wanted = ("lr", "weight_decay", *self._names)
            if theirs or (missing := [name for name in wanted if name not in group]):
                lacks = "" if theirs else f": it lacks {', '.join(missing)}"
                raise ValueError(
                    f"This state is of another kind of optimizer or another rule{lacks}."
                )
            _check(group)
        super().load_state_dict(state_dict)
        self._flats = [
            [self._loaded(part, group["params"]) for part in self.state.get(f"group {n}", [])]
            for n, group in enumerate(self.param_groups)
        ]
        self._had = [[] for _ in self.param_groups]
        self.state.clear()

    @staticmethod
    def _loaded(part: dict[str, Any], params: list[Tensor]) -> Flat:
        mine = [params[place] for place in part["places"]]
        shapes = [list(p.shape) for p in mine]
        if shapes != part["shapes"]:
            raise ValueError(
                f"The saved state is of parameters of shapes {part['shapes']}, but these have "
                f"{shapes}; give the parameters in the order in which they were saved."
            )
        device = mine[0].device
        state = unpacked(part["memory"])
        state = mapped(lambda t: t.to(device) if isinstance(t, Tensor) else t, state)
        return Flat(mine, state)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {
            "_had": self._had,
            "_flats": self._flats,
            "_held": (self.rule, self.compile, self._names),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "_held" in state:  # torch's own load_state_dict hands over less
            self._hold(*state.pop("_held"))
        super().__setstate__(state)


def _asking(rule: Rule, *, theta: bool, lr: bool) -> Ask:
    """The rule, called with what it asks for.

    A function that knows of no optimizer: what torch.compile is given it keeps for good.
    """

    bare = unchecked(rule)

    def ask(
        parameters: Vector | None,
        gradient: Vector,
        state: State,
        rate: Any,
        settings: dict[str, Any],
    ) -> tuple[Vector, State]:
        seen = (gradient, state, parameters) if theta else (gradient, state)
        asked = rule if state is None else bare  # what is true of the first step stays so
        return _checked(asked(*seen, **({"lr": rate} if lr else {}), **settings), gradient)

    return ask


def _checked(answer: Any, gradient: Vector) -> tuple[Vector, State]:
    """Refuse what is no direction: one number would be spread over all entries unnoticed."""
    pair = isinstance(answer, tuple) and len(answer) == 2
    shape = getattr(answer[0], "shape", None) if pair else None
    if shape != gradient.shape:
        told = "something else" if shape is None else f"a direction of the shape {tuple(shape)}"
        raise ValueError(
            "A rule returns a direction and a state, and the direction has one entry for each "
            f"of the gradient's, here {tuple(gradient.shape)}; this one returned {told}."
        )
    return answer


# what torch's schedulers keep in a group
_of_schedulers = {"max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr"}


def _check(settings: dict[str, Any]) -> None:
    """Refuse what would spoil the parameters without a word."""
    for name, value in settings.items():
        if name in ("params", "param_names"):
            continue
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, int | float) and not isfinite(number):
                raise ValueError(f"{name} must be finite, but is {value!r}.")
    for name in ("lr", "weight_decay"):
        if not float(settings[name]) >= 0:
            raise ValueError(f"{name} must be zero or more, but is {settings[name]!r}.")
