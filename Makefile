# Everything runs in .venv, made here; nothing else on the machine is changed, except that
# `make test` may install a browser for its tests (.ci/browser says when).

PYTHON ?= python3
LAB_ARGS ?=

# The virtual environment first on PATH (nbgrader looks for alembic there), and one thread a
# process: two threads are slower than one on networks this small.
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH" OMP_NUM_THREADS=1
INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
ROOT_MAY := $(if $(filter 0,$(shell id -u)),--allow-root)  # a container's only user is root

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test check course kill-matrix experiments bench browser

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

lab: .venv/lab  ## Open JupyterLab on your working copy, my-course/ (LAB_ARGS passes flags)
	@$(RUN) python -m autograder workspace my-course
	@cd my-course && $(RUN) jupyter lab --LabApp.app_settings_dir="$(CURDIR)/binder" \
	  --LabApp.default_url=/lab/tree/index.ipynb $(ROOT_MAY) $(LAB_ARGS)

test: .venv/test browser  ## Run every test; the last lines say what the kill matrix comes to
	$(RUN) pytest -n 2

# Bytecode is kept, even where the machine is set to keep none: pytest compiles every test anew
# otherwise, and every process that a test starts all that it imports.
check: .venv/test  ## Lint, formatting and the fast tests, before each commit
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) PYTHONDONTWRITEBYTECODE= pytest -n 2 -q -m "not slow"

course: .venv/lab  ## Build the notebooks from chapters/: solutions/, executed, then course/
	$(RUN) python -m autograder course

kill-matrix: .venv/lab  ## Grade every known wrong solution and write docs/kill-matrix.md
	$(RUN) python -m autograder kill-matrix

experiments: .venv/lab  ## Run the long measurements again and say which claims moved
	$(RUN) python -m experiments

bench: .venv/lab  ## Measure the library, the grader and the explorers against their peers
	@for script in $(sort $(filter-out %/turns.py,$(wildcard benchmarks/*.py))); do \
	  echo "$$script"; $(RUN) python "$$script" || exit 1; done

browser: .venv/test
	@$(RUN) .ci/browser

# A stamp is newer than what it was installed from, or the packages are installed again.
.venv/lab: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || { \
	  echo "Steady Gradients needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is not one of them:" \
	    "name one that is, as in \`make $(or $(MAKECMDGOALS),lab) PYTHON=python3.12\`." >&2; exit 1; }
	@echo "Setting up .venv: some minutes the first time."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -e '.[lab,grading]'
	@touch $@

.venv/test: .venv/lab
	@echo "Adding what the tests need to .venv."
	@$(INSTALL) -e '.[test]'
	@touch $@
