"""The house is as its own papers describe it: README, Makefile, licences, versions, links."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMMANDS = ("help", "lab", "test", "check", "course", "kill-matrix", "experiments", "bench")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]
VERSION = PROJECT["version"]
ADDRESS = PROJECT["urls"]["Repository"]


def make(*arguments):
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    ran = subprocess.run(
        ["make", *arguments], cwd=ROOT, env=outside, capture_output=True, text=True
    )
    return ran.stdout + ran.stderr


def recipe(target):
    """The target's lines in the Makefile, as written."""
    found = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)*)", text("Makefile"), re.M)
    assert found, f"the Makefile has no target {target}"
    return found[1]


def in_git():
    """The files that are in git; none of what a test or a learner leaves behind."""
    # safe.directory: continuous integration often runs as another user than the owner
    command = ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git clone, so its files cannot be listed")
    names = listed.stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("asked", ["help", None])
def test_help_lists_every_command_with_a_sentence(asked):
    listed = re.findall(r"^  make (\S+) +\S.{10,}$", make(*filter(None, [asked])), re.M)
    assert tuple(listed) == COMMANDS


@pytest.mark.parametrize("paper", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_written_down_exists(paper):
    named = re.findall(r"(?:`|^)make ([a-z-]+)", text(paper), re.M)
    assert named
    assert set(named) <= set(COMMANDS)


def test_the_readme_has_its_two_commands():
    blocks = re.findall(r"^```sh\n(.*?)^```", text("README.md"), re.M | re.S)
    assert blocks == ["make lab\n", "make test\n"]


def test_ci_calls_the_readmes_test_command():
    lines = text(".ci/run").splitlines()
    assert lines[-1].startswith("make test")
    assert [line for line in lines if "pytest" in line] == []  # one way to run the tests


def test_the_test_command_leaves_no_test_out():
    assert "not slow" not in recipe("test")
    assert "pytest" in recipe("test")


def test_the_hooks_run_what_make_check_runs():
    repos = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]  # others would need a network
    for hook in repos[0]["hooks"]:
        command = hook["entry"].removeprefix(".venv/bin/")
        assert command == "make check" or f"$(RUN) {command}\n" in recipe("check")


@pytest.mark.parametrize("target", ["lab", "test", "check", "course", "kill-matrix"])
def test_an_unsuitable_python_stops_each_command_with_a_sentence(target, tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    said = make(target, f"PYTHON={old}", "--always-make")
    sentence = "Steady Gradients needs Python 3.11, 3.12 or 3.13"
    assert sentence in said
    assert f"make {target} PYTHON=" in said


def test_the_makefile_and_ci_accept_the_pythons_that_pyproject_accepts():
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    accepted = f"(3, {low}) <= sys.version_info[:2] <= (3, {int(high) - 1})"
    for name in ("Makefile", ".ci/run"):
        assert text(name).count("sys.version_info") == 1
        assert accepted in text(name)
    assert f"Python 3.{low}, " in text("README.md")
    assert f" or 3.{int(high) - 1}" in text("README.md")


def test_each_relative_link_leads_to_a_file():
    # Not the chapters: their links are their notebooks', which lie one folder deeper.
    papers = [n for n in in_git() if n.endswith(".md") and not n.startswith("chapters/")]
    links = [(n, link) for n in papers for link in re.findall(r"\]\(([^)\s#]+)", text(n))]
    inside = [(n, link) for n, link in links if not re.match(r"[a-z]+:", link)]
    assert ("README.md", "CONTRIBUTING.md") in inside
    assert [
        pair for pair in inside if not (ROOT / pair[0]).parent.joinpath(pair[1]).exists()
    ] == []


def test_one_version_stands_everywhere():
    assert str(yaml.safe_load(text("CITATION.cff"))["version"]) == VERSION
    newest = re.search(r"^## (\S+?),? ", text("CHANGELOG.md"), re.M)
    assert newest, "CHANGELOG.md has no heading with a version"
    assert newest[1] == VERSION


def test_the_readme_opens_binder_at_this_repository_and_version():
    owner_and_name = ADDRESS.removeprefix("https://github.com/")
    links = re.findall(r"https://mybinder\.org/[^)\s]+", text("README.md"))
    assert links == [
        f"https://mybinder.org/v2/gh/{owner_and_name}/v{VERSION}"
        "?urlpath=lab/tree/my-course/index.ipynb"
    ]


def test_the_address_stands_in_one_place_and_the_readmes_link():
    owner_and_name = ADDRESS.removeprefix("https://github.com/")
    where = {name for name in in_git() if owner_and_name.encode() in (ROOT / name).read_bytes()}
    assert where == {"pyproject.toml", "README.md"}


def test_both_licences_are_there_and_named():
    assert "BSD 3-Clause License" in text("LICENSE")
    assert "Attribution 4.0 International Public License" in text("LICENSE-text")
    assert "Section 8" in text("LICENSE-text")  # the whole text
    citation = yaml.safe_load(text("CITATION.cff"))["license"]
    assert PROJECT["license"].split(" AND ") == citation


def test_the_readme_lists_twelve_chapters_and_marks_those_to_come():
    rows = re.findall(r"^\| (\d+) \| (.+?) \| .+ \|$", text("README.md"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    there = {int(path.name[:2]) for path in (ROOT / "chapters").glob("[0-9][0-9]_*.md")}
    to_come = {int(number) for number, title in rows if title.endswith("(coming)")}
    assert to_come == set(range(1, 13)) - (there or {1})


# What would tie the repository to one machine or one way of downloading. Not preceded by what
# base64 is made of: a picture in a notebook can hold any word.
ROOTS = (b"work", b"root", b"tmp", b"opt", b"Users", b"mnt")
REGISTRIES = (b"pypi", b"pythonhosted", b"npmjs", b"anaconda", b"pytorch", b"debian")
FOREIGN = re.compile(
    rb"(?<![\w+/=.~])/(?:" + b"|".join(ROOTS) + rb")/"
    rb"|(?:files|registry|download|deb|conda)\.(?:" + b"|".join(REGISTRIES) + rb")\.org"
)


def test_no_file_names_a_machines_path_or_a_registry():
    named = {
        name: FOREIGN.search((ROOT / name).read_bytes())
        for name in in_git()
        if name != "tests/test_house.py"  # the list above
    }
    assert {name: match[0] for name, match in named.items() if match} == {}


@pytest.mark.parametrize(
    "line", [b"cd /" + ROOTS[0] + b"/here", b"https://registry." + REGISTRIES[2] + b".org/x"]
)
def test_a_machines_path_would_be_found(line):
    assert FOREIGN.search(line)


def test_generated_files_are_marked_and_scripts_keep_their_line_ends():
    attributes = text(".gitattributes")
    assert "eol=lf" in attributes
    for folder in ("solutions", "course"):
        assert f"{folder}/** linguist-generated" in attributes


@pytest.mark.parametrize("command", ["workspace", "course", "kill-matrix"])
def test_the_makefile_calls_commands_that_the_grader_has(command):
    asked = [sys.executable, "-m", "autograder", command, "--help"]
    assert subprocess.run(asked, cwd=ROOT, capture_output=True).returncode == 0
    assert f"python -m autograder {command}" in text("Makefile")


def test_jupyterlab_opens_at_the_front_page_wherever_it_is_started():
    assert "--LabApp.default_url=/lab/tree/index.ipynb" in text("Makefile")
    assert "python -m autograder workspace my-course" in text("binder/postBuild")
    for name in ("README.md", "environment.yml"):
        assert "jupyter lab my-course/index.ipynb" in text(name)


def test_learners_are_not_shown_nbgraders_buttons():
    """Validate would run the notebook anew and call unwritten exercises partly right."""
    page = json.loads((ROOT / "binder" / "page_config.json").read_text())
    assert page["disabledExtensions"] == {"@jupyter/nbgrader": True}
    assert 'app_settings_dir="$(CURDIR)/binder"' in (ROOT / "Makefile").read_text()
