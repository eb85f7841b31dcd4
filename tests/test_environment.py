"""One stack in four files: pip's ranges, the versions tested, conda's file and Binder's.

What this cannot see is whether conda finds a solution: that needs a network (CONTRIBUTING.md).
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHON = SpecifierSet(PROJECT["requires-python"])
RUNTIME = tuple(PROJECT["dependencies"])
FULL = (*RUNTIME, *EXTRAS["lab"], *EXTRAS["grading"])
PIP_NAME = {"pytorch": "torch", "pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}


def conda_file(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


CONDA_FILES = {"environment.yml": FULL, "binder/environment.yml": RUNTIME}
every_conda_file = pytest.mark.parametrize(
    ("conda", "requirements"),
    [
        pytest.param(conda_file(name), packages, id=name)
        for name, packages in CONDA_FILES.items()
    ],
)


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pins}


def ranges(requirements):
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(r.name): r.specifier for r in parsed if r.name != PROJECT["name"]}


def conda_packages(conda):
    """Each conda package under pip's name, with conda's version as written in the file."""
    specs = [MatchSpec(text) for text in conda["dependencies"] if isinstance(text, str)]
    named = {spec.name.normalized: str(spec.version or "") for spec in specs}
    return {PIP_NAME.get(name, name): version for name, version in named.items()}


def disagreements(conda, requirements):
    """A sentence for each way in which a conda file departs from pip's requirements."""
    found, wanted = conda_packages(conda), ranges(requirements)
    found.pop("pip", None)
    python = found.pop("python", "")
    if not (python.endswith(".*") and PYTHON.contains(python.removesuffix(".*"))):
        yield f"python {python!r} is not one version inside {PYTHON}"
    for name in sorted(wanted.keys() - found.keys()):
        yield f"{name} is missing"
    for name in sorted(found.keys() - wanted.keys()):
        yield f"{name} is not in pyproject.toml"
    for name in sorted(wanted.keys() & found.keys()):
        version = found[name]
        if version.endswith(".*"):  # a pin: it must be allowed, and be the version tested
            pin = Version(version.removesuffix(".*"))
            if pin not in wanted[name]:
                yield f"{name} {pin} is outside {wanted[name]}"
            elif pin != constraints()[name]:
                yield f"{name} {pin} is not the tested {constraints()[name]}"
        elif not version or SpecifierSet(version) != wanted[name]:
            yield f"{name} {version!r} should read {str(wanted[name])!r}"


@every_conda_file
def test_conda_installs_the_same_packages_in_compatible_versions(conda, requirements):
    assert list(disagreements(conda, requirements)) == []


@every_conda_file
def test_conda_uses_conda_forge_alone(conda, requirements):
    assert conda["channels"] == ["conda-forge", "nodefaults"]


def test_the_local_conda_environment_installs_the_course_itself():
    conda = conda_file("environment.yml")
    assert conda["dependencies"][-1] == {"pip": ["-e ."]}
    assert conda_packages(conda).keys() >= {"pip", "python"}


WRONG = {
    "pytorch-cpu=2.6": "torch 2.6 is outside",
    "pytorch-cpu=2.7.1": "torch 2.7.1 is not the tested",
    "pytorch-cpu": "torch '' should read",
    "numpy>=1.26,<3": "numpy '>=1.26,<3' should read",
    "matplotlib-base>=3.10": "matplotlib '>=3.10' should read",
    "python=3.10": "python '3.10.*' is not one version inside",
    "python>=3.11": "python '>=3.11' is not one version inside",
    "pandas": "pandas is not in pyproject.toml",
}


@pytest.mark.parametrize(("spec", "words"), WRONG.items(), ids=WRONG)
def test_a_wrong_line_in_a_conda_file_is_found(spec, words):
    conda = conda_file("binder/environment.yml")
    name = MatchSpec(spec).name.normalized
    others = [d for d in conda["dependencies"] if MatchSpec(d).name.normalized != name]
    conda["dependencies"] = [*others, spec]
    [sentence] = disagreements(conda, RUNTIME)
    assert sentence.startswith(words)


@pytest.mark.parametrize("package", ranges(FULL))
def test_a_package_left_out_of_a_conda_file_is_missed(package):
    conda = conda_file("environment.yml")
    conda["dependencies"] = [
        line
        for line in conda["dependencies"]
        if not isinstance(line, str) or package not in conda_packages({"dependencies": [line]})
    ]
    assert list(disagreements(conda, FULL)) == [f"{package} is missing"]


def test_the_tested_versions_are_inside_the_ranges():
    tested = constraints()
    for name, specifier in ranges((*FULL, *EXTRAS["test"])).items():
        assert name in tested, f"constraints.txt does not say which {name} was tested"
        assert tested[name] in specifier, f"{name} {tested[name]} is outside {specifier}"


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory):
    """What Binder would build, rendered without Docker and without a network.

    In a copy that has no other file: a file that Binder would notice must be in git.
    """
    clone = tmp_path_factory.mktemp("binder")
    shutil.copytree(ROOT / "binder", clone / "binder")
    for name in ("pyproject.toml", "environment.yml", "README.md"):
        shutil.copy(ROOT / name, clone / name)
    program = Path(sys.executable).with_name("jupyter-repo2docker")
    options = ["--no-build", "--debug", "--user-id=1000", "--user-name=jovyan"]
    rendered = subprocess.run(
        [program, *options, clone], capture_output=True, text=True, timeout=120
    )
    assert rendered.returncode == 0, rendered.stderr
    return rendered.stdout + rendered.stderr


def test_binder_starts_from_the_python_that_its_file_names(dockerfile):
    conda = conda_file("binder/environment.yml")
    version = conda_packages(conda)["python"].removesuffix(".*")  # "3.11" is "py-3.11" escaped
    assert f"environment.py-{version}" in dockerfile.replace("-2e", ".").replace("-2d", "-")


def test_binder_installs_its_own_conda_file(dockerfile):
    assert '--file "binder/environment.yml"' in dockerfile
    assert "env update" in dockerfile


def test_binder_runs_our_post_build_and_start(dockerfile):
    lines = dockerfile.splitlines()
    assert any(line.startswith("RUN ") and "binder/postBuild" in line for line in lines)
    assert any("R2D_ENTRYPOINT" in line and "binder/start" in line for line in lines)


SCRIPTS = ["binder/postBuild", "binder/start", ".ci/run", ".ci/browser"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_run_and_parse(script):
    assert os.access(ROOT / script, os.X_OK)
    shell = (ROOT / script).read_text(encoding="utf-8").splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n", ROOT / script], check=True)


def test_binders_start_caps_the_threads_and_hands_over():
    program = "import os, sys; print(os.environ['OMP_NUM_THREADS'], *sys.argv[1:])"
    started = [ROOT / "binder/start", sys.executable, "-c", program, "an argument", "another"]
    out = subprocess.run(started, capture_output=True, text=True, check=True).stdout
    assert out == "1 an argument another\n"


def test_the_settings_of_jupyterlab_are_json():
    settings = json.loads((ROOT / "binder/overrides.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/notebook-extension:tracker"] == {"windowingMode": "defer"}
