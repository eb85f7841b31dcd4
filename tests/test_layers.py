"""Imports only point down."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOPICS = (  # one a chapter
    "gradients",
    "initialization",
    "activations",
    "normalization",
    "loop",
    "momentum",
    "adaptive",
    "schedules",
)
LAYERS = [  # a module may import from the lines above its own, never from its own or below
    {"steadygrad", "autograder"},
    {"steadygrad.checks"},
    {"steadygrad.data", "steadygrad.models", "steadygrad.landscapes"}
    | {f"steadygrad.{topic}" for topic in TOPICS},
    {"steadygrad.training", "steadygrad.probes", "steadygrad.plots"},
    {f"steadygrad.explorers.{name}" for name in ("quick", "still", "modules", "tiny_norms")},
    {f"steadygrad.explorers.{name}" for name in ("gradients_still", "plans", "valley")},
    {"steadygrad.explorers.momentum_still", "steadygrad.explorers.trials"},
    {"steadygrad.explorers.schedules_still"},
    {"steadygrad.explorers.controls", "steadygrad.explorers.drawn"},
    {"steadygrad.explorers.live"},
    {f"steadygrad.explorers.{topic}" for topic in TOPICS},
    {"steadygrad.explorers"},
    {"autograder.state", "autograder.compare", "autograder.recipes", "autograder.workspace"}
    | {f"autograder.{name}" for name in ("links", "contents", "marks", "answers", "markup")},
    {"autograder.calling", "autograder.progress_file", "autograder.ours", "autograder.points"},
    {"autograder.glossary"},
    {"autograder.front_page"},
    {"autograder.surrounding"},
    {"autograder.spec", "autograder.judges"},
    {"autograder.cases", "autograder.apart", "autograder.styles", "autograder.predictions"},
    {f"autograder.exercises.{topic}" for topic in TOPICS},
    {"autograder.exercises"},
    {"autograder.diagnose", "autograder.rounding", "autograder.handed_in"},
    {"autograder.pages", "autograder.converters", "autograder.report"},
    {"autograder.grade", "autograder.last_run", "autograder.pace", "autograder.progress"}
    | {"autograder.predicting"},
    {"autograder.asking", "autograder.slips", "autograder.compared", "autograder.solution"}
    | {"autograder.absent"},
    {"autograder.judging", "autograder.writing", "autograder.collecting"}
    | {"autograder.framing"},
    {"autograder.marking", "autograder.kill_matrix", "autograder.notebook"},
    {"autograder.preprocessors"},
    {"autograder.nbgrader_config", "autograder.__main__"},
]
# the packages whose files share one layer, and may import each other
PACKAGES = (
    "autograder.apart.",
    "autograder.calling.",
    "autograder.diagnose.",
    "autograder.exercises.",
    "autograder.handed_in.",
    "autograder.recipes.",
    "autograder.report.",
    "autograder.state.",
    "steadygrad.checks.",
    "steadygrad.data.",
    "steadygrad.plots.",
    "steadygrad.training.",
    *(f"steadygrad.{topic}." for topic in TOPICS),
)
HEIGHT = {module: height for height, layer in enumerate(LAYERS) for module in layer}


def room(module: str) -> str:
    """The module, or the package that it is one file of: a topic's parts share its layer."""
    while module and module not in HEIGHT:
        module = module.rpartition(".")[0]
    return module


FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("steadygrad", "autograder")
    for path in (ROOT / package).rglob("*.py")
    if "embedded" not in path.parts
}


def imported(path: Path) -> set[str]:
    """Every module of ours that a file imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names} & FILES.keys()
            found |= names or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in FILES}


def test_every_module_has_a_layer():
    assert {room(module) for module in FILES} == HEIGHT.keys()
    inside = {m for m in FILES if room(m) != m}
    assert all(module.startswith(PACKAGES) for module in inside)


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_only_point_down(module):
    mine = HEIGHT[room(module)]
    others = {room(other) for other in imported(FILES[module])} - {room(module)}
    # the command line imports what it is asked for; the package's two names come on demand
    if module == "autograder":
        names = ("marking", "predicting", "state", "writing")
        others -= {f"autograder.{name}" for name in names}
    upward = {other for other in others if HEIGHT[other] >= mine}
    assert not upward, f"{module} imports {upward}, which is not below it"


def beside(module: str) -> set[str]:
    """The files of its own package that a module imports."""
    return {other for other in imported(FILES[module]) if room(other) == room(module)}


def test_the_files_of_one_package_import_each_other_in_no_circle():
    TopologicalSorter({module: beside(module) for module in FILES}).prepare()


@pytest.mark.parametrize("module", sorted(FILES))
def test_the_library_knows_no_grader(module):
    if module.startswith("steadygrad"):
        assert not {m for m in imported(FILES[module]) if m.startswith("autograder")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("steadygrad.gradients", ("matplotlib", "ipywidgets", "nbgrader", "autograder")),
        ("autograder.marking", ("nbformat", "nbgrader", "jupytext", "ipywidgets")),
        ("autograder.apart.worker", ("autograder.exercises", "autograder.grade", "nbgrader")),
        ("autograder.apart.sandbox", ("autograder.exercises", "nbgrader")),
    ],
)
def test_importing_one_thing_does_not_bring_another(module, heavy):
    code = f"import sys, {module}; print([h for h in {heavy!r} if h in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"
