"""Taking turns: peers run one after the other, so that a busy machine slows all of them."""

import time
from collections.abc import Callable, Mapping

from tqdm import tqdm


def take_turns(
    peers: Mapping[str, Callable[[int], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """The seconds that every peer took in each round; a peer is told the number of its turn.

    Turn 0 warms up and does not count.
    """
    times: dict[str, list[float]] = {name: [] for name in peers}
    with tqdm(total=(rounds + 1) * len(peers), unit="turn", leave=False) as bar:
        for turn in range(rounds + 1):
            for name, peer in peers.items():
                bar.set_postfix_str(name)
                start = clock()
                peer(turn)
                took = clock() - start
                times[name] += [took] if turn else []
                bar.update()
    return times
