"""The command line: options to settings, outcomes to exit codes. Decides nothing about models."""

import datetime
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from iris_training import estimators, export, options, settings, sign, train
from iris_training.errors import Invalid

REFUSED = 2
# The exit code that shells report for a process ended by Ctrl-C.
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run once; the exit code."""
    try:
        return _run(words)
    except Invalid as error:
        sys.stderr.writelines(f"iris-training: {line}\n" for line in error.lines)
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("iris-training: interrupted\n")
        return INTERRUPTED


def _run(words: Sequence[str] | None) -> int:
    words = sys.argv[1:] if words is None else words
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("iris_training").setLevel(logging.INFO)
    # matplotlib cannot be imported with an unknown backend in MPLBACKEND, and we draw without any.
    os.environ["MPLBACKEND"] = "agg"
    now = datetime.datetime.now(datetime.UTC)
    if words[:1] == [options.CONVERT]:
        given = options.conversion().parse_args(words[1:])
        _print(train.import_data(Path(given.file), Path(given.output), export.Disk()))
    elif words[:1] == [options.IMPORT]:
        given = options.model_import().parse_args(words[1:])
        origin = settings.parse_origin(
            given.model,
            given.server or os.environ.get(settings.SERVER_VARIABLE),
            unprotected=given.unprotected,
        )
        if given.data is None:
            raise Invalid("--data", "nothing", "the CSV file with the rows that judge the model")
        asked = settings.parse(
            data=given.data, output=given.output, version=given.version, strict=given.strict, now=now
        )
        _print(train.import_model(origin, asked, export.Disk()))
    elif words[:1] == [options.SIGN]:
        given = options.signing().parse_args(words[1:])
        version = settings.parse_version(given.version)
        _print(sign.sign(version, Path(given.key), Path(given.output), export.Disk()))
    elif words[:1] == [options.NEW_KEY]:
        sys.stdout.write(sign.new_key(Path(options.key_making().parse_args(words[1:]).file)))
    else:
        named = vars(options.training().parse_args(words))
        recipe = estimators.parse(named.pop("estimator"), named.pop("scaler"), named.pop("param"))
        _print(train.run(settings.parse(**named, recipe=recipe, now=now), export.Disk()))
    return 0


def _print(path: Path) -> None:
    try:
        # As bytes: a shell must get the exact name, also one that the locale cannot encode.
        sys.stdout.buffer.write(os.fsencode(path) + b"\n")
        sys.stdout.buffer.flush()
    except OSError as error:
        # Python would flush once more at exit and report that in several lines.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Invalid("standard output", error.strerror or str(error), f"room for the path {path}") from error


if __name__ == "__main__":
    sys.exit(main())
