"""The command line: ``python -m autograder COMMAND``."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    options.run(options)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m autograder",
        description="Hand out the course, build it, prove its grader.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name, run, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    filling = command(
        "workspace",
        workspace,
        "Fill a learner's working copy with the notebooks that are missing in it; "
        "nothing that is there is overwritten. Front page, glossary and solved notebooks are "
        "made anew.",
    )
    filling.add_argument(
        "--without-solutions",
        action="store_true",
        help="leave the solved notebooks out, as for a class",
    )
    filling.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=ROOT / "my-course",
        help="the working copy (default: my-course, beside the course)",
    )
    command(
        "course",
        course,
        "Build the solved and the student notebooks from the chapters: chapters/ to solutions/ "
        "(executed) to course/.",
    )
    command(
        "kill-matrix",
        kill_matrix,
        "Grade every misconception of every exercise and write the table docs/kill-matrix.md.",
    )
    return top


def workspace(options: argparse.Namespace) -> None:
    from autograder.surrounding import linking, surround
    from autograder.workspace import fill, superseded

    directory = options.directory.absolute()
    if directory.exists() and not directory.is_dir():
        sys.exit(f"{str(directory)!r} is a file; give a folder.")
    if not directory.parent.is_dir():
        sys.exit(
            f"There is no folder {str(directory.parent)!r} to make {directory.name!r} in; "
            "create it first."
        )
    try:
        copied = fill(ROOT / "course", directory)
        surround(None if options.without_solutions else ROOT / "solutions", directory)
        for path in copied:
            linking(directory, path)
    except (OSError, ValueError) as problem:  # a missing course, a full disk: no traceback
        sys.exit(f"Cannot fill {directory.name}: {problem}.")
    print(f"{directory.name}: {len(copied)} new, everything else left as it was.")
    for path in superseded(ROOT / "course", directory):
        name = path.relative_to(directory).as_posix()
        print(
            f"The course has a newer {name}; yours is kept. "
            "To get it, rename yours and run this again."
        )


def course(_options: argparse.Namespace) -> None:
    from autograder.notebook import build_course

    build_course()


def kill_matrix(_options: argparse.Namespace) -> None:
    from autograder.kill_matrix import write

    if not write():
        sys.exit("Some mistakes are accepted, or not called by their name: see above.")


if __name__ == "__main__":
    main()
