"""Rules that every file of the repository keeps; each failure names the file that breaks one."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LONGEST_FILE: Final = 300
LONGEST_FUNCTION: Final = 40
MOST_PARAMETERS: Final = 5
# Names that do not describe the content.
VAGUE: Final = frozenset({"common", "helpers", "manager", "misc", "utils"})
# In parts, so that this file does not contain them.
REGISTRIES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
        ("conda", "anaconda", "org"),
        ("rubygems", "org"),
        ("repo1", "maven", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
)


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


FILES: Final = _tracked()
PACKAGES: Final = sorted({file.parent for file in FILES if file.name == "pyproject.toml"} - {ROOT})
PYTHON: Final = [file for file in FILES if file.suffix == ".py"]
PRODUCT: Final = [file for file in PYTHON if any(package in file.parents for package in PACKAGES)]


def named(files: list[Path]) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in files]


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in PRODUCT:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file, node


def test_the_rules_find_packages_and_modules() -> None:
    """A rule over nothing would always hold."""
    assert {package.name for package in PACKAGES} >= {"training", "model_server", "operator", "local_cluster"}
    assert len(PRODUCT) >= 50


@pytest.mark.parametrize("folder", ["operator", "tests"])
def test_no_folder_shadows_a_module_of_python(folder: str) -> None:
    """With `operator/__init__.py` (or the tests') Python would import that folder as its own `operator`."""
    found = list((ROOT / folder).glob("__init__.py"))
    if folder == "tests":
        found = list((ROOT / folder).rglob("__init__.py"))

    assert named(found) == []


def test_every_module_has_a_docstring() -> None:
    silent = [file for file in PYTHON if not ast.get_docstring(parsed(file))]

    assert named(silent) == []


def test_every_module_is_short() -> None:
    long = [file for file in PYTHON if len(file.read_text("utf-8").splitlines()) > LONGEST_FILE]

    assert named(long) == []


def test_every_function_is_short_and_has_few_parameters() -> None:
    long, many = [], []
    for file, node in functions():
        place = f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        positional = [*node.args.posonlyargs, *node.args.args]
        if node.end_lineno is not None and node.end_lineno - node.lineno >= LONGEST_FUNCTION:
            long.append(place)
        if len([one for one in positional if one.arg != "self"]) > MOST_PARAMETERS:
            many.append(place)

    assert (long, many) == ([], [])


def test_no_file_has_a_vague_name() -> None:
    vague = [file for file in FILES if VAGUE & {file.stem, *file.relative_to(ROOT).parent.parts}]

    assert named(vague) == []


@pytest.mark.parametrize("package", PACKAGES, ids=named(PACKAGES))
def test_every_package_has_a_readme(package: Path) -> None:
    assert (package / "README.md").is_file()


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is each machine's own setting."""
    pattern = re.compile("|".join(map(re.escape, REGISTRIES)).encode())

    naming = [file for file in FILES if pattern.search(file.read_bytes())]

    assert named(naming) == []


def test_only_iris_programs_runs_kubectl_and_git() -> None:
    """So that their options, environment and failures are handled in one place."""
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in PRODUCT
        if "iris_programs" not in file.parts
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Constant)
        if node.elts[0].value in ("kubectl", "git")
    ]

    assert found == []
