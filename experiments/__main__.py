"""Measure again and say what changed: `python -m experiments [--save] [name ...]`.

Without names, every experiment, each on the seeds of the text and on others that the text
never saw.  With `--save` the new numbers replace the stored ones.  The exit status is the
number of experiments whose claims or numbers moved.
"""

import argparse
import sys

from experiments import record


def main(arguments: list[str]) -> int:
    """Run the experiments named, and report each in a few lines."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("--save", action="store_true", help="keep the new numbers")
    parser.add_argument("names", nargs="*", choices=[[], *record.names()], default=[])
    options = parser.parse_args(arguments)
    return sum(_again(name, options.save) for name in options.names or record.names())


def _again(name: str, save: bool) -> bool:
    fresh = [record.run(name, seeds) for seeds in (record.SEEDS, record.UNSEEN)]
    news = []
    for each, which in zip(fresh, ("", " on other seeds"), strict=True):
        news += [f"no longer true{which}: {claim}" for claim in record.broken(each)]
        try:
            news += record.moved(record.load(name, unseen=bool(which)), each)
        except FileNotFoundError:
            news.append(f"measured{which} for the first time")
        if save:
            record.save(each)
    claims, seconds = len(record.script(name).CLAIMS), sum(each.seconds for each in fresh)
    print(f"{name}: {seconds:.0f} s, {claims} claims, {len(news)} changes", flush=True)
    print(*(f"  {line}" for line in news), sep="\n", end="\n" if news else "")
    return bool(news)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
