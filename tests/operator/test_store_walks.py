"""The store beside a plain dict, under any order of watch events, answers and LISTs."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator.observe.store import Store

from tests.operator.bodies import child

KINDS = st.sampled_from([kinds.SERVICE, kinds.POD])
NAMES = st.sampled_from("ab")
OWNERS = st.sampled_from(["iris", "roses"])
VERSIONS = st.integers(1, 12)


class StoreAgainstAModel(RuleBasedStateMachine):
    """The store against a plain dict, under any order of watch events, answers and LISTs."""

    def __init__(self) -> None:
        super().__init__()
        self.known = Store()
        self.expected: dict[tuple[Kind, str], tuple[int, str]] = {}

    @rule(kind=KINDS, name=NAMES, owner=OWNERS, version=VERSIONS)
    def observe(self, kind: Kind, name: str, owner: str, version: int) -> None:
        self.known.observe(kind, child(name, version, owner))
        if version > self.expected.get((kind, name), (0, ""))[0]:
            self.expected[kind, name] = version, owner

    @rule(kind=KINDS, name=NAMES, version=VERSIONS)
    def vanish(self, kind: Kind, name: str, version: int) -> None:
        self.known.vanish(kind, child(name, version))
        if self.expected.get((kind, name), (99, ""))[0] <= version:
            del self.expected[kind, name]

    @rule(kind=KINDS, present=st.sets(NAMES), version=VERSIONS)
    def compare(self, kind: Kind, present: set[str], version: int) -> None:
        listed = [
            child(name, *self.expected[kind, name]) for name in present if (kind, name) in self.expected
        ]
        self.known.compare(kind, None, listed, version)
        for known, name in list(self.expected):
            if known == kind and name not in present and self.expected[known, name][0] <= version:
                del self.expected[known, name]

    @invariant()
    def agrees(self) -> None:
        found = {}
        for owner in ("iris", "roses"):
            snapshot = self.known.snapshot(("iris", owner))
            objects = [(kind, body) for (kind, _), body in snapshot.children.items()]
            for kind, body in [*objects, *((kinds.POD, pod) for pod in snapshot.pods)]:
                metadata = body["metadata"]
                found[kind, metadata["name"]] = int(metadata["resourceVersion"]), owner
        assert found == self.expected


TestStoreAgainstAModel = StoreAgainstAModel.TestCase
TestStoreAgainstAModel.settings = settings(max_examples=30, stateful_step_count=30)
