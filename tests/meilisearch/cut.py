"""Cuts what the stand-in needs out of Meilisearch's OpenAPI description: `python -m tests.meilisearch.cut FULL.json`.

The full one is `meilisearch-openapi.json` of https://github.com/meilisearch/open-api (MIT).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CUT = Path(__file__).with_name("openapi.json")
ROUTES = {
    "/health": ["get"],
    "/multi-search": ["post"],
    "/swap-indexes": ["post"],
    "/tasks/{task_id}": ["get"],
    "/indexes": ["post"],
    "/indexes/{index_uid}": ["get", "delete"],
    "/indexes/{index_uid}/stats": ["get"],
    "/indexes/{index_uid}/settings": ["get", "patch"],
    "/indexes/{index_uid}/documents": ["post", "put"],
    "/indexes/{index_uid}/documents/delete": ["post"],
    "/indexes/{index_uid}/documents/delete-batch": ["post"],
    "/indexes/{index_uid}/documents/fetch": ["post"],
}
# What the answer of /multi-search is without federation; the description names it nowhere.
ALSO = ["SearchResults"]
PROSE = ("description", "summary", "example", "examples", "externalDocs", "tags")


def main(source: Path) -> None:
    full = json.loads(source.read_text())
    schemas = full["components"]["schemas"]
    # Described as the object that holds the list in the server's own code; it reads and writes the list.
    schemas["AttributePatterns"] = {"type": "array", "items": {"type": "string"}}
    paths = {path: {method: full["paths"][path][method] for method in methods} for path, methods in ROUTES.items()}
    needed, found = [*references(paths), *ALSO], {}
    while needed:
        name = needed.pop()
        if name not in found:
            found[name] = schemas[name]
            needed += references(schemas[name])
    cut = {
        "openapi": full["openapi"],
        "info": full["info"] | {"description": "A part of https://github.com/meilisearch/open-api; see cut.py."},
        "paths": without_prose(paths),
        "components": {"schemas": dict(sorted(without_prose(found).items()))},
    }
    CUT.write_text(json.dumps(cut, indent=1, ensure_ascii=False) + "\n")


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rpartition("/")[2]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def without_prose(part: Any, *, names: bool = False) -> Any:
    """Without what is for readers; where keys are names, all of them stay."""
    if isinstance(part, dict):
        return {
            key: without_prose(value, names=key in ("properties", "schemas"))
            for key, value in part.items()
            if names or key not in PROSE
        }
    return [without_prose(value) for value in part] if isinstance(part, list) else part


if __name__ == "__main__":
    main(Path(sys.argv[1]))
