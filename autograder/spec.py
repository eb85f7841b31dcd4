"""What an exercise is.  Declarations only: nothing here runs a submission."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from autograder.compare import Judge, disagreement


@dataclass(frozen=True)
class Case:
    """Named inputs, and the judge that rules on what comes out.

    `besides` marks what every exercise is asked besides its own cases: it costs less.
    """

    name: str
    inputs: Mapping[str, Any]
    judge: Judge = disagreement
    besides: bool = False


@dataclass(frozen=True)
class Misconception:
    """A wrong turn worth recognising: one edit of the reference, and what to say.

    `symptom` says what can be seen in the wrong answers, `hint` gives the idea that is missing.
    Neither shows code.  `section` is the heading where the idea is derived; without one, the
    exercise's own.
    """

    name: str
    instead_of: str
    wrote: str
    symptom: str
    hint: str
    section: str = ""


@dataclass(frozen=True)
class Trace:
    """A tiny input worked through by hand, for someone who has tried three times."""

    inputs: Mapping[str, Any]
    steps: Callable[..., Sequence[tuple[str, str]]]  # (what, its value), in order


@dataclass(frozen=True, eq=False)  # each exercise is one of a kind, so it can key a cache
class Exercise:
    """A reference function for students to write, and how to tell that they have.

    `cases` draws them from a generator; the first is the typical one.  `accepts` are other
    ways to write it that must earn full marks.  `leans_on` names the references of other
    exercises that this one calls: a learner calls their own.  `goal` is what the chapter
    promises the learner, `section` the heading of the chapter that derives it.
    """

    target: Callable
    points: int
    cases: Callable[[torch.Generator], Iterable[Case]]
    misconceptions: tuple[Misconception, ...]
    trace: Trace
    goal: str
    section: str
    minutes: int
    difficulty: int  # 1 to 5
    accepts: tuple[Callable, ...] = ()
    leans_on: tuple[Callable, ...] = ()
    bonus: bool = False
    _variants: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        if not 1 <= self.difficulty <= 5:
            raise ValueError(f"{self.id}: difficulty is 1 to 5, not {self.difficulty!r}")
        if not self.target.__doc__:  # the student is shown everything up to its end
            raise ValueError(f"{self.id}: the reference has no docstring; write one")
        for wrong in self.misconceptions:
            found = self.source.count(wrong.instead_of)
            if found != 1:
                raise ValueError(
                    f"{self.id}: misconception {wrong.name!r} edits {wrong.instead_of!r}, "
                    f"which occurs {found} times in the reference; it must occur once. "
                    f"Update `instead_of` to match {self.target.__module__}."
                )
            self.variant(wrong)  # an edit that is no Python must not wait for a student

    @property
    def name(self) -> str:
        return self.target.__name__

    @property
    def topic(self) -> str:
        """The one word of its chapter, e.g. ``gradients``."""
        package, _, inside = self.target.__module__.partition(".")
        topic = inside.partition(".")[0] if package == "steadygrad" else self.target.__module__
        return topic.rpartition(".")[2]

    @property
    def id(self) -> str:
        """Topic and function, e.g. ``gradients.depth_limit``."""
        return f"{self.topic}.{self.name}"

    @property
    def heading(self) -> str:
        """Its heading in the chapter, short enough for a table of contents."""
        points = f"{self.points} point{'s' * (self.points != 1)}"
        return f"{self.name} · {points}{' · bonus' * self.bonus}"

    @property
    def reference(self) -> str:
        """Where the library keeps the target."""
        return f"{self.target.__module__}.{self.name}"

    @property
    def grade_id(self) -> str:
        """What nbgrader calls it; its ids allow no dots."""
        return self.id.replace(".", "-")

    @cached_property
    def source(self) -> str:
        whole = textwrap.dedent(inspect.getsource(self.target))
        (function,) = ast.parse(whole).body
        return "".join(whole.splitlines(keepends=True)[function.lineno - 1 :])  # undecorated

    @property
    def header(self) -> str:
        """Signature and docstring: what the student is shown."""
        return "".join(self._split()[0])

    @property
    def body(self) -> str:
        """The solution."""
        return "".join(self._split()[1])

    @property
    def imports(self) -> str:
        """What the student's cell needs: the module's own imports, and its names in use.

        Never what is an exercise itself: it would take the place of what the learner wrote.
        """
        module = sys.modules[self.target.__module__]
        used = {n.id for n in ast.walk(ast.parse(self.source)) if isinstance(n, ast.Name)}
        used -= {self.name, *(function.__name__ for function in self.leans_on)}
        standard, others, own = [], [], set()
        for node in ast.parse(inspect.getsource(module)).body:
            match node:
                case ast.Import(names) | ast.ImportFrom(names=names):
                    node.names = [n for n in names if (n.asname or n.name) in used]
                    root = (getattr(node, "module", None) or names[0].name).partition(".")[0]
                    group = standard if root in sys.stdlib_module_names else others
                    group += [ast.unparse(node)] if node.names else []
                case ast.ClassDef(name) | ast.FunctionDef(name):
                    own.add(name)
                case ast.Assign([ast.Name(name)]):
                    own.add(name)
        if own := own & used:
            others.append(f"from {module.__name__} import {', '.join(sorted(own))}")
        return "\n\n".join("\n".join(group) for group in (standard, others) if group)

    def variant(self, *wrong: Misconception) -> Callable:
        """The reference as someone holding these misconceptions would have written it.

        Raises LookupError when two edits overlap, so that one leaves no place for the other,
        or the two together are no Python.
        """
        key = tuple(each.name for each in wrong)
        if key not in self._variants:
            source = self.edited(*wrong)
            try:
                self._variants[key] = self.compiled(source, f"{self.id} with {', '.join(key)}")
            except SyntaxError as error:
                if len(wrong) == 1:
                    raise
                raise LookupError(f"{self.id}: {' and '.join(key)}: {error}") from error
        return self._variants[key]

    def edited(self, *wrong: Misconception) -> str:
        """The source of the reference with these misconceptions.  Raises as `variant` does."""
        source = self.source
        for each in wrong:
            if source.count(each.instead_of) != 1:
                names = " and ".join(each.name for each in wrong)
                raise LookupError(f"{self.id}: {names} edit the same place")
            source = source.replace(each.instead_of, each.wrote)
        return source

    def compiled(self, source: str, called: str) -> Callable:
        """The function that this source defines among the names of the reference."""
        scope = dict(vars(sys.modules[self.target.__module__]))
        exec(compile(source, f"<{called}>", "exec"), scope)
        return scope[self.name]

    def _split(self) -> tuple[list[str], list[str]]:
        lines = self.source.splitlines(keepends=True)
        docstring = ast.parse(self.source).body[0].body[0]
        return lines[: docstring.end_lineno], lines[docstring.end_lineno :]
