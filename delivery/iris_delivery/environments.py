"""The order of the environments, from `clusters/promotion.yaml`. Pure."""

from dataclasses import dataclass
from typing import Final

import yaml

from iris_delivery.errors import Refused

FILE: Final = "clusters/promotion.yaml"
RELEASE: Final = "release"
"""Where every version comes from: a tag."""


@dataclass(frozen=True, slots=True)
class Order:
    """The environments, first to last."""

    names: tuple[str, ...]

    def known(self, name: str) -> str:
        """The name, if the environment exists; raises Refused."""
        if name not in self.names:
            raise Refused(
                "environment", f"found {name!r}", f"expected one of {', '.join(self.names)} ({FILE})"
            )
        return name

    def former(self, name: str) -> str:
        """Where a version must have been before: an environment, or RELEASE: its tag suffices."""
        position = self.names.index(self.known(name))
        return self.names[position - 1] if position else RELEASE

    def following(self, name: str) -> str | None:
        """The environment after this one."""
        position = self.names.index(self.known(name))
        return self.names[position + 1] if position + 1 < len(self.names) else None

    def step(self, source: str, target: str) -> None:
        """Refuse every promotion that is not from an environment to the next one."""
        former = self.former(target)
        if source == former:
            return
        if source != RELEASE:
            self.known(source)
        if source in self.names and self.names.index(source) >= self.names.index(target):
            raise Refused(
                f"{source} to {target}",
                "goes backward",
                f"to go back: iris-delivery rollback --environment {target}",
            )
        first = self.names[0] if source == RELEASE else self.following(source)
        raise Refused(
            f"{source} to {target}",
            f"skips {first}",
            f"first: iris-delivery promote --from {source} --to {first}",
        )


def parse(text: str) -> Order:
    """Read the order. Raises Refused."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused(FILE, "is not YAML", "expected environments: [dev, stage, prod]") from error
    names = document.get("environments") if isinstance(document, dict) else None
    if (
        not isinstance(names, list)
        or not names
        or not all(isinstance(name, str) and name and name != RELEASE for name in names)
        or len(set(names)) != len(names)
    ):
        raise Refused(FILE, f"environments: found {names!r}", "expected different names, first to last")
    return Order(tuple(names))
