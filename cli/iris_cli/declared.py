"""Reads a file of IrisModels as the API server would store it: validated and defaulted by the CRD's schema.

Pure but for the schema's file, crds/irismodels.serving.two.inc.yaml (a link, which the wheel contains).
CEL rules need an API server and are not checked here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import jsonschema
import yaml

from iris_cli.errors import Trouble

Body = dict[str, Any]

_API_VERSION: Final = "serving.two.inc/v1alpha1"
_CRD: Final = "irismodels.serving.two.inc.yaml"
# jsonschema names what was found; this is what was expected, by the rule that was broken.
_EXPECTED: Final = {
    "type": "type {}", "enum": "one of {}", "minimum": "at least {}", "maximum": "at most {}",
    "maxLength": "at most {} characters", "maxItems": "at most {} items", "maxProperties": "at most {} keys",
    "pattern": "a value that matches {}", "required": "the fields {}", "anyOf": "a whole number or text",
}  # fmt: skip


def load(text: str, source: str, namespace: str) -> list[Body]:
    """Every IrisModel of a YAML text, as the API server would store it; skips other kinds. Raises Trouble."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise Trouble(f"{source}: {' '.join(str(error).split())}, expected YAML") from error
    models = [body for body in _flat(documents) if body.get("kind") == "IrisModel"]
    if not models:
        raise Trouble(f"{source}: found no IrisModel, expected at least one")
    return [_stored(body, source, namespace) for body in models]


def _flat(documents: list[Any]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            yield from _flat(document["items"])
        else:
            yield document


def _stored(body: Mapping[str, Any], source: str, namespace: str) -> Body:
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        raise Trouble(f"{source}: metadata.name: found none, expected one")
    where = f"{source}: IrisModel {metadata['name']}"
    if body.get("apiVersion") != _API_VERSION:
        raise Trouble(f"{where}: apiVersion: found {body.get('apiVersion')}, expected {_API_VERSION}")
    schema = _schema()
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft7Validator(_strict(schema)).iter_errors(_without_metadata(body))
    )
    if error is not None:
        raise Trouble(f"{where}: {_sentence(error)}")
    stored = defaulted(dict(body), schema)
    return {**stored, "metadata": {"namespace": namespace, **metadata}}


def _without_metadata(body: Mapping[str, Any]) -> Body:
    return {name: value for name, value in body.items() if name != "metadata"}


def defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """Set defaults as the API server does: absent fields first, then inside the present ones."""
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        absent = {
            name: field["default"]
            for name, field in properties.items()
            if "default" in field and name not in value
        }
        return {
            name: defaulted(part, properties.get(name, others)) for name, part in {**value, **absent}.items()
        }
    if isinstance(value, list):
        return [defaulted(item, schema.get("items", {})) for item in value]
    return value


@cache
def _schema() -> Mapping[str, Any]:
    text = resources.files("iris_cli").joinpath(_CRD).read_text("utf-8")
    schema: Mapping[str, Any] = yaml.safe_load(text)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _strict(schema: Any) -> Any:
    """The JSON schema, changed to refuse unknown fields as kubectl and Flux do."""
    if isinstance(schema, Mapping):
        closed = {"additionalProperties": False} if "properties" in schema else {}
        return {**closed, **{name: _strict(part) for name, part in schema.items()}}
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    return schema


def _sentence(error: jsonschema.ValidationError) -> str:
    path = ".".join(str(part) for part in error.absolute_path) or "the document"
    if error.validator == "additionalProperties":
        known = ", ".join(sorted(error.schema["properties"]))
        unknown = ", ".join(sorted(set(error.instance) - set(error.schema["properties"])))
        return f"{path}: found {unknown}, expected one of {known}"
    expected = _EXPECTED.get(str(error.validator))
    if expected is None:
        return f"{path}: {error.message}"
    rule = error.validator_value
    shown = ", ".join(map(str, rule)) if isinstance(rule, list) else str(rule)
    if isinstance(error.instance, float) and (shown == "string" or error.validator == "anyOf"):
        # YAML reads 1.0 as a number and loses its text.
        text = "text" if shown == "string" else expected
        return f"{path}: found {error.instance}, expected {text}: put it in quotes"
    found = ", ".join(error.instance) if error.validator == "required" else repr(error.instance)
    return f"{path}: found {found or 'none'}, expected {expected.format(shown)}"
