"""The options of each command, and their help. Values are checked by `settings` and `estimators`."""

import argparse
from typing import NoReturn

from iris_training import estimators, settings
from iris_training.errors import Invalid

DESCRIPTION = """\
Train the Iris classifier and write it as one artifact: the pipeline (joblib), its JSON card,
a Markdown model card and a picture of the confusion matrix. Progress goes to standard error;
the path of the joblib is the only line on standard output.
"""
CONVERT = "import-data"
IMPORT = "import"
SIGN = "sign"
NEW_KEY = "new-key"
CONVERT_DESCRIPTION = """\
Convert a CSV file of irises to the format for training: UCI's file without a header, headers of R, Kaggle
and scikit-learn, Iris-setosa, decimal commas, semicolons, tabs, a byte order mark. It changes no number and
omits no row. The path of the new file is the only line on standard output.
"""
IMPORT_DESCRIPTION = """\
Make a version from a scikit-learn model in an MLflow registry (`make mlflow` adds its client to .venv). The
model is opened in a process without network, with a read-only file system and none of your environment, and
only its numbers leave that process: weights or trees, never the pickle. A model that cannot be written as
numbers is refused. The path of the joblib is the only line on standard output.
"""
SIGN_DESCRIPTION = """\
Sign a version, the card and the joblib, for servers that demand a signature (spec.verify). The path of the
signature is the only line on standard output.
"""
NEW_KEY_DESCRIPTION = """\
Make an ECDSA P-256 key for `iris-training sign`. The private key is written to FILE, which only you can read;
the public key, for spec.verify, is printed.
"""
EPILOG = """\
The CSV is UTF-8 with exactly this header, lengths in cm and above 0:
  sepal_length,sepal_width,petal_length,petal_width,species
where species is setosa, versicolor or virginica.

`iris-training import-data FILE` converts other formats, and `iris-training import MODEL` makes a
version from a model in an MLflow registry: see their --help. `iris-training sign VERSION`
signs a version with a key that `iris-training new-key FILE` makes.

Exit codes: 0 trained, 2 refused in one line for each fault with nothing written, 130 interrupted.

Examples:
  iris-training
  iris-training --version 1.4.0
  iris-training --data measurements.csv --output models --seed 7
  iris-training import-data iris.data --output data/iris.csv
  iris-training --estimator random-forest --param n_estimators=200 --param max_depth=6
"""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors, texts as they are written and no abbreviated options."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """One line instead of the usage; raised, so that only main maps errors to exit codes."""
        raise Invalid("options", message, "the options that --help lists")


def training() -> Parser:
    parser = Parser(
        prog="iris-training",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        default=str(settings.SAMPLE_DATA),
        help="the CSV file to train on (default %(default)s; only that one is created when missing, with the "
        "classic sample data)",
    )
    _add_version(parser)
    parser.add_argument(
        "--seed",
        metavar="NUMBER",
        default=str(settings.SEED),
        help="for the folds and the estimator (default %(default)s)",
    )
    parser.add_argument(
        "--log-to",
        metavar="URI",
        help="an MLflow server that gets a run and a version of its model iris (`make mlflow` first)",
    )
    _add_recipe(parser)
    _add_comparison(parser)
    return parser


def conversion() -> Parser:
    parser = Parser(
        prog=f"iris-training {CONVERT}",
        description=CONVERT_DESCRIPTION,
    )
    parser.add_argument("file", metavar="FILE", help="the file to convert")
    parser.add_argument(
        "--output",
        metavar="FILE",
        default=str(settings.SAMPLE_DATA),
        help="the new file, never an existing one (default %(default)s)",
    )
    return parser


def signing() -> Parser:
    parser = Parser(prog=f"iris-training {SIGN}", description=SIGN_DESCRIPTION)
    parser.add_argument("version", metavar="VERSION", help="the version to sign")
    parser.add_argument("--key", metavar="FILE", required=True, help="the private key in PEM")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default=str(settings.OUTPUT),
        help="the folder of the artifact (default %(default)s)",
    )
    return parser


def key_making() -> Parser:
    parser = Parser(prog=f"iris-training {NEW_KEY}", description=NEW_KEY_DESCRIPTION)
    parser.add_argument("file", metavar="FILE", help="the private key, never an existing file")
    return parser


def model_import() -> Parser:
    parser = Parser(
        prog=f"iris-training {IMPORT}",
        description=IMPORT_DESCRIPTION,
    )
    parser.add_argument("model", metavar="MODEL", help="models:/NAME@ALIAS or models:/NAME/VERSION")
    parser.add_argument(
        "--from",
        dest="server",
        metavar="URI",
        help=f"the address of the MLflow server (default: ${settings.SERVER_VARIABLE})",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="required: the CSV file with the rows that judge the model; its card gets their ranges",
    )
    _add_version(parser)
    parser.add_argument(
        "--unprotected",
        action="store_true",
        help="open the model with all your rights where the system cannot isolate a process",
    )
    return parser


def _add_version(parser: Parser) -> None:
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
        "--strict",
        action="store_true",
        help="refuse data with warnings: duplicates, another unit, outliers, few rows, wrong labels",
    )


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
