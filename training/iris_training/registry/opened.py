"""A program: opens a scikit-learn model of others, and writes it as plain data to standard output.

It runs in a process of its own, for opening a pickle executes whatever the file holds. Its standard input has
one JSON object: `format`, `model` (base64), `rows` and `unprotected`. The first line of its output, written
before the model is opened, is "isolated" or the reason why it is not.
"""

import base64
import io
import json
import os
import pickle
import sys
import warnings
from typing import Any, Final

from iris_training.registry import isolation

FORMATS: Final = ("pickle", "cloudpickle", "skops")
ISOLATED: Final = "isolated"
REFUSED: Final = 3


def main() -> int:
    """Isolate, open, convert, answer."""
    # A model that prints must not write into the answer.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = json.load(sys.stdin)
    try:
        isolation.enter()
        state = ISOLATED
    except OSError as error:
        state = f"not isolated: {error.strerror or error}"
    output.write(f"{state}\n")
    output.flush()
    if state != ISOLATED and not asked["unprotected"]:
        return REFUSED
    # Only now: importing numpy starts threads, and the isolation needs a process without any.
    from iris_training.registry import convert  # noqa: PLC0415

    warnings.simplefilter("ignore")
    answer = convert.convert(_open(asked["format"], base64.b64decode(asked["model"])), asked["rows"])
    json.dump(answer, output, allow_nan=False)
    output.flush()
    return 0


def _open(form: str, content: bytes) -> Any:
    if form == "skops":
        # Its list of trusted types is the author's own claim, so the isolation protects and not the list.
        import skops.io  # noqa: PLC0415

        return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
    return pickle.load(io.BytesIO(content))  # noqa: S301 - isolated


if __name__ == "__main__":
    sys.exit(main())
