"""Generates files of the Helm charts from other files (`make charts`), and packs the charts for a release.

The IrisModel API has one copy, `crds/`, and the operator's rights have one, `operator/manifests`. From these
come the operator chart's rules, the model chart's schema, and the `crds/` folder of a packed operator chart.
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
from semver import Version

from iris_delivery import helm
from iris_delivery.errors import Refused

CHARTS: Final = ("iris-operator", "iris-model")
_CRD = Path("crds/irismodels.serving.two.inc.yaml")
_ROLE = Path("operator/manifests/cluster-role.yaml")
_BEGIN, _END = "<!-- values: made by `make charts` -->", "<!-- end of values -->"


def generated(root: Path) -> dict[Path, str]:
    """The path of every generated file, and its content."""
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
    """Write the generated files; returns those that changed."""
    changed = [path for path, text in generated(root).items() if not _holds(root / path, text)]
    for path, text in generated(root).items():
        (root / path).write_text(text)
    return changed


def rules(role: Mapping[str, Any]) -> str:
    """The rules as a YAML list that a template can include."""
    return yaml.safe_dump(role["rules"], sort_keys=False, default_flow_style=None, width=110)


def model_schema(crd: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an IrisModel's spec as chart values, so that Helm refuses unknown ones."""
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
    """The schema without Kubernetes' extensions, with unknown fields refused where the API names all."""
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
    """Each value of a values.yaml with the comment above it; a value without a comment is refused."""
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
    """Pack the charts; the operator's contains the CRD, which in Git is in `crds/` only."""
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
