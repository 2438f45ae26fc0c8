"""The Helm charts: what in them is made from other files (`make charts`), and packing them for a release.

The IrisModel API has one copy, `crds/`, and the operator's rights one, `operator/manifests`: the chart
gets its rules from there, the model chart its schema, and a packed operator chart its `crds/` folder.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from iris_delivery import helm
from iris_delivery.errors import Refused
from iris_delivery.versions import Version

CHARTS: Final = ("iris-operator", "iris-model")
_CRD = Path("crds/irismodels.serving.two.inc.yaml")
_ROLE = Path("operator/manifests/cluster-role.yaml")
_BEGIN, _END = "<!-- values: made by `make charts` -->", "<!-- end of values -->"


def generated(root: Path) -> dict[Path, str]:
    """Every generated file's path inside the repository, and what must stand in it."""
    operator, model = (Path("charts") / name for name in CHARTS)
    schema = model_schema(_load(root / _CRD))
    values = (root / operator / "values.yaml").read_text()
    return {
        operator / "files" / "rules.yaml": rules(_load(root / _ROLE)),
        operator / "README.md": _filled(root / operator / "README.md", table(commented(values))),
        model / "values.schema.json": json.dumps(schema, indent=2) + "\n",
        model / "README.md": _filled(root / model / "README.md", table(described(schema))),
    }


def write(root: Path) -> list[Path]:
    """The files that changed."""
    changed = [path for path, text in generated(root).items() if not _holds(root / path, text)]
    for path, text in generated(root).items():
        (root / path).write_text(text)
    return changed


def rules(role: Mapping[str, Any]) -> str:
    """As a list that a template can read and also put as it is."""
    return yaml.safe_dump(role["rules"], sort_keys=False, default_flow_style=None, width=110)


def model_schema(crd: Mapping[str, Any]) -> dict[str, Any]:
    """An IrisModel's spec as the values of a chart: unknown ones are refused already by Helm."""
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema = _closed(spec)
    schema["properties"]["version"] |= {"minLength": 1}
    schema["properties"]["global"] = {
        "type": "object",
        "description": "Helm's own, for charts that contain this one.",
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the iris-model chart",
        **schema,
    }


def _closed(node: Mapping[str, Any]) -> dict[str, Any]:
    """Without what only Kubernetes reads, and closed where the API names its fields."""
    kept = {key: value for key, value in node.items() if not key.startswith("x-kubernetes-")}
    if node.get("x-kubernetes-int-or-string"):
        kept.pop("anyOf", None)
        kept["type"] = ["integer", "string"]
    if "properties" in node:
        kept["properties"] = {name: _closed(child) for name, child in node["properties"].items()}
        kept["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _closed(kept[key])
    return kept


Row = tuple[str, str, str]
"""A value's path, its default, and what it means."""


def commented(values: str) -> Iterator[Row]:
    """Each value of a values.yaml with the comment above it; a value without one is refused."""
    defaults, path, comment = yaml.safe_load(values), list[tuple[int, str]](), ""
    for line in values.splitlines():
        if found := re.match(r"( *)# (.*)", line):
            comment = f"{comment} {found[2]}".strip()
            continue
        key = re.match(r"( *)([A-Za-z]+):( |$)", line)
        if key is None:
            continue
        while path and path[-1][0] >= len(key[1]):
            path.pop()
        path.append((len(key[1]), key[2]))
        name = ".".join(word for _, word in path)
        default: Any = defaults
        for _, word in path:
            default = default[word]
        if comment:
            yield name, json.dumps(default), comment
        elif not isinstance(default, dict) and not any(name.startswith("resources.") for _ in path):
            raise Refused("values.yaml", f"{name} has no comment", "write one above it")
        comment = ""


def described(node: Mapping[str, Any], prefix: str = "") -> Iterator[Row]:
    """Each value of a schema with its description."""
    for name, child in node["properties"].items():
        if "properties" in child:
            yield from described(child, f"{prefix}{name}.")
        else:
            default = json.dumps(child["default"]) if "default" in child else ""
            yield f"{prefix}{name}", default, child.get("description", "")


def table(rows: Iterator[Row]) -> str:
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for name, default, meaning in rows:
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def package(root: Path, version: Version, output: Path) -> list[Path]:
    """The packed charts; the operator's carries the API, which in Git stands in `crds/` alone."""
    program = helm.program()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in CHARTS:
            folder = Path(scratch) / name
            shutil.copytree(root / "charts" / name, folder)
            if name == "iris-operator":
                (folder / "crds").mkdir()
                shutil.copy(root / _CRD, folder / "crds")
            command = [program, "package", str(folder), f"--version={version}", f"--app-version={version}"]
            answer = subprocess.run(
                [*command, f"--destination={output}"], capture_output=True, text=True, check=False
            )
            if answer.returncode != 0:
                raise Refused(
                    f"helm package {name}", helm.reason(answer.stderr), "correct the chart, then run it again"
                )
    return [output / f"{name}-{version}.tgz" for name in CHARTS]


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def _filled(readme: Path, text: str) -> str:
    before, _, rest = readme.read_text().partition(_BEGIN)
    return f"{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}"


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text
