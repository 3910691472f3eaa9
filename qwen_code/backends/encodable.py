"""Makes text encodable: JSON can spell half of a surrogate pair, which nothing else can hold."""

from __future__ import annotations

from typing import Any, cast


def encodable(text: str) -> str:
    """`text` with whole characters only; a lone half becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def encodable_json(value: Any) -> Any:
    """A JSON value whose texts, keys included, are all encodable."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {encodable(key): encodable_json(item) for key, item in fields.items()}
    if isinstance(value, list):
        return [encodable_json(item) for item in cast("list[Any]", value)]
    return value
