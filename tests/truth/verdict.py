"""Whether Ready described what clients were answered. Pure.

The claim: of all requests that begin after the client's own watch has seen Ready=True for the present
generation and end before the next change is sent, none is answered by another version.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iris_local_cluster.up.load_client import Answer

# A router takes up to two seconds to follow a route that its controller has accepted.
_ROUTER_SECONDS: Final = 2.0
# With fewer requests a share says little; with as many it may be this many points off.
_ENOUGH_REQUESTS, _MOST_POINTS = 2000, 3.0


@dataclass(slots=True)
class Declared:
    """One version from the moment its declaration was sent."""

    version: str
    sent: float
    kind: str = ""  # of the change that ends with it; empty for a detour
    ready: float | None = None  # when the watch saw Ready=True for its generation
    until: float = float("inf")  # when the next one was sent


@dataclass(slots=True)
class Share:
    """A candidate's part of the requests, from when the watch saw it until it saw another."""

    version: str
    percent: int
    since: float
    until: float = float("inf")

    @property
    def is_open(self) -> bool:
        return self.until == float("inf")


@dataclass(frozen=True, slots=True)
class Split:
    """How many requests of a share its candidate has answered."""

    share: Share
    requests: int
    candidate: int

    @property
    def percent(self) -> float:
        return 100 * self.candidate / self.requests

    @property
    def good(self) -> bool:
        return self.requests < _ENOUGH_REQUESTS or abs(self.percent - self.share.percent) <= _MOST_POINTS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found over the whole run."""

    requests: int
    judged: int
    lost: tuple[Answer, ...]
    wrong: tuple[str, ...]
    to_ready: Mapping[str, Sequence[float]]  # by kind of change, in seconds
    splits: tuple[Split, ...]
    margins: tuple[float, ...]  # of each rollout: seconds from the last answer of another version to Ready

    @property
    def good(self) -> bool:
        return (
            not self.lost and not self.wrong and self.judged > 0 and all(split.good for split in self.splits)
        )


def judge(answers: Sequence[Answer], declared: Iterable[Declared], shares: Iterable[Share] = ()) -> Outcome:
    judged, wrong, margins = 0, [], []
    to_ready: dict[str, list[float]] = defaultdict(list)
    for one in declared:
        if one.ready is None:
            continue
        if one.kind:
            to_ready[one.kind].append(one.ready - one.sent)
        after = [each for each in answers if each.began >= one.ready and each.ended <= one.until]
        judged += len(after)
        wrong += [
            f"{each.began - one.ready:.3f} s after Ready=True: found an answer of {each.version}, "
            f"expected {one.version}"
            for each in after
            if each.version not in (None, one.version)
        ]
        others = [each.ended for each in answers if _is_of_another(each, one)]
        if others:
            margins.append(one.ready - max(others))
    lost = tuple(each for each in answers if each.failure)
    return Outcome(
        len(answers), judged, lost, tuple(wrong), to_ready, _splits(answers, shares), tuple(margins)
    )


def _splits(answers: Sequence[Answer], shares: Iterable[Share]) -> tuple[Split, ...]:
    found = []
    for share in shares:
        during = [
            each.version
            for each in answers
            if each.version and each.began >= share.since + _ROUTER_SECONDS and each.ended <= share.until
        ]
        if during:
            found.append(Split(share, len(during), during.count(share.version)))
    return tuple(found)


def _is_of_another(answer: Answer, declared: Declared) -> bool:
    return (
        answer.version not in (None, declared.version)
        and answer.ended >= declared.sent
        and answer.ended <= declared.until
    )
