"""The command line: options to settings, outcomes to exit codes. Decides nothing about models."""

import argparse
import datetime
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from iris_training import estimators, export, settings, train
from iris_training.errors import Invalid

REFUSED = 2
# The exit code that shells report for a process ended by Ctrl-C.
INTERRUPTED = 130

DESCRIPTION = """\
Train the Iris classifier and write it as one artifact: the pipeline (joblib), its JSON card,
a Markdown model card and a picture of the confusion matrix. Progress goes to standard error;
the path of the joblib is the only line on standard output.
"""
IMPORT = "import-data"
IMPORT_DESCRIPTION = """\
Convert a CSV file of irises to the format for training: UCI's file without a header, headers of R, Kaggle
and scikit-learn, Iris-setosa, decimal commas, semicolons, tabs, a byte order mark. It changes no number and
omits no row. The path of the new file is the only line on standard output.
"""
EPILOG = """\
The CSV is UTF-8 with exactly this header, lengths in cm and above 0:
  sepal_length,sepal_width,petal_length,petal_width,species
where species is setosa, versicolor or virginica.

`iris-training import-data FILE` converts other formats: see its --help.

Exit codes: 0 trained, 2 refused in one line for each fault with nothing written, 130 interrupted.

Examples:
  iris-training
  iris-training --version 1.4.0
  iris-training --data measurements.csv --output models --seed 7
  iris-training import-data iris.data --output data/iris.csv
  iris-training --estimator random-forest --param n_estimators=200 --param max_depth=6
"""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        """One line instead of the usage; raised, so that only main maps errors to exit codes."""
        raise Invalid("options", message, "what --help shows")


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
    if words[:1] == [IMPORT]:
        options = _import_parser().parse_args(words[1:])
        _print(train.import_data(Path(options.file), Path(options.output), export.Disk()))
    else:
        _print(_train(words))
    return 0


def _train(words: Sequence[str]) -> Path:
    now = datetime.datetime.now(datetime.UTC)
    options = vars(_parser().parse_args(words))
    recipe = estimators.parse(options.pop("estimator"), options.pop("scaler"), options.pop("param"))
    asked = settings.parse(**options, recipe=recipe, now=now)
    # matplotlib cannot be imported with an unknown backend in MPLBACKEND, and we draw without any.
    os.environ["MPLBACKEND"] = "agg"
    return train.run(asked, export.Disk())


def _print(path: Path) -> None:
    try:
        # As bytes: a shell must get the exact name, also one that the locale cannot encode.
        sys.stdout.buffer.write(os.fsencode(path) + b"\n")
        sys.stdout.buffer.flush()
    except OSError as error:
        # Python would flush once more at exit and report that in several lines.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Invalid("standard output", error.strerror or str(error), f"room for the path {path}") from error


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="iris-training",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        default=str(settings.SAMPLE_DATA),
        help="the CSV file to train on (default %(default)s; only that one is created when missing, with the "
        "classic sample data)",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default=str(settings.OUTPUT),
        help="the folder of the artifact (default %(default)s; created when missing, may hold many versions)",
    )
    parser.add_argument(
        "--version",
        metavar="VERSION",
        help="the model's version (default 1.0.<YYYYMMDD_HHMMSS> in UTC); an existing one is kept",
    )
    parser.add_argument(
        "--seed",
        metavar="NUMBER",
        default=str(settings.SEED),
        help="for the folds and the estimator (default %(default)s)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse data with warnings: duplicates, another unit, outliers, few rows, wrong labels",
    )
    _add_recipe(parser)
    _add_comparison(parser)
    return parser


def _import_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"iris-training {IMPORT}",
        description=IMPORT_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="the file to convert")
    parser.add_argument(
        "--output",
        metavar="FILE",
        default=str(settings.SAMPLE_DATA),
        help="the new file, never an existing one (default %(default)s)",
    )
    return parser


def _add_comparison(parser: Parser) -> None:
    parser.add_argument(
        "--compare-with",
        metavar="CARD",
        help="the card of the release to compare with (default: the newest lower version in --output)",
    )
    parser.add_argument(
        "--no-worse",
        action="store_true",
        help="refuse a model that is worse than that release by cross-validation on the same rows",
    )


def _add_recipe(parser: Parser) -> None:
    parser.add_argument(
        "--estimator",
        metavar="NAME",
        default=estimators.DEFAULT,
        help=f"one of {', '.join(estimators.ESTIMATORS)} (default %(default)s)",
    )
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter of the estimator, by scikit-learn's name; may be repeated",
    )
    parser.add_argument(
        "--scaler",
        metavar="NAME",
        help=f"one of {', '.join(estimators.SCALERS)} (default {estimators.STANDARD} for "
        f"{estimators.DEFAULT}, none for trees, which need no scaling)",
    )


if __name__ == "__main__":
    sys.exit(main())
