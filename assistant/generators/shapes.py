"""Objects out of a model's text, checked against their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assistant.errors import GeneratorUnavailable


def fitting(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a text, fences and words around it left out; GeneratorUnavailable where it does not fit.

    >>> fitting('Here: {"a": 1}', {"type": "object", "required": ["a"]})
    {'a': 1}
    """
    from jsonschema import ValidationError, validate

    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1])
        validate(value, dict(schema))
    except (ValueError, ValidationError, RecursionError) as error:
        raise GeneratorUnavailable(
            "The model did not answer in the form that was asked for; try again, or use a larger model."
        ) from error
    assert isinstance(value, dict)
    return value
