"""Reads the house's source and tells where a room looks upstairs, or into a room beside it.

A room may import from the floors below its own, and config's foundation: those modules of config that lead to no room.
Nothing else of config, which composes the house, is for the rooms.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# From the lowest to the highest; rooms on one floor do not know each other.
FLOORS: Sequence[frozenset[str]] = (
    frozenset({"accounts"}),
    frozenset({"specialties"}),
    frozenset({"doctors"}),
    frozenset({"patients", "scheduling"}),
    frozenset({"payments"}),
    frozenset({"appointments"}),
    frozenset({"telehealth", "prescriptions", "reviews"}),
    frozenset({"config"}),
)
ROOF = "config"

RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}
MODEL = re.compile(r"^[a-z]+\.[A-Za-z]\w*$")
CLASS = re.compile(r"^[a-z]+\.[A-Z]\w*$")


@dataclass(frozen=True)
class Backwards:
    """A relation as it is seen from its far end: `room` defined it, and names it so on a model of a lower one.

    `accessor` is the attribute there (`doctor.appointments`), `query` the name in look-ups (`appointments__status`).
    """

    room: str
    accessor: str
    query: str


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def rooms() -> frozenset[str]:
    return frozenset[str]().union(*FLOORS)


def may_know(room: str, other: str) -> bool:
    return room == other or floor_of(other) < floor_of(room)


def violations(root: Path, *, backwards: Iterable[Backwards] = (), own: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Every place in the house at `root` that knows what it must not, as `file:line: what`.

    `own` are pairs of a room and a name that is an attribute of its own there, and so says nothing of a floor above.
    """
    foundation = foundation_of(root)
    found = []
    for room in sorted(rooms()):
        for path in sorted((root / room).rglob("*.py")):
            file = File(path, root, room)
            found += file.imports_of_what_it_must_not_know(foundation)
            found += file.models_of_what_it_must_not_know()
            found += file.looks_backwards(backwards, frozenset(name for where, name in own if where == room))
    return found


def foundation_of(root: Path) -> frozenset[str]:
    """The modules of config that lead to no room, neither directly nor through another module of config."""
    leads_to = {}
    for path in (root / ROOF).rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        file = File(path, root, ROOF)
        leads_to[name] = {module for _line, module in file.imports()} | {each for _line, each in file.model_names()}
    foundation = set(leads_to)
    while True:
        fallen = {
            name
            for name in foundation
            if any(
                module.partition(".")[0] in rooms() - {ROOF} or (module in leads_to and module not in foundation)
                for module in leads_to[name]
            )
        }
        if not fallen:
            return frozenset(foundation)
        foundation -= fallen


class File:
    """One file of one room."""

    def __init__(self, path: Path, root: Path, room: str) -> None:
        self.room = room
        self.name = str(path.relative_to(root))
        self.is_migration = "migrations" in path.parts
        self.package = path.relative_to(root).parent.parts
        self.tree = ast.parse(path.read_text(), filename=self.name)

    def says(self, line: int, what: str) -> str:
        return f"{self.name}:{line}: {what}"

    # Imports

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every module that is imported, at the top or in a function, with `from a import b` as `a` and `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = self.package[: len(self.package) - node.level + 1] if node.level else ()
                module = ".".join([*above, *([node.module] if node.module else [])])
                yield node.lineno, module
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Call) and name_of(node.func) in {"import_module", "import_string"}:
                yield from ((node.lineno, text) for text in texts(node.args))

    def imports_of_what_it_must_not_know(self, foundation: frozenset[str]) -> Iterator[str]:
        for line, module in sorted(set(self.imports())):
            other = module.partition(".")[0]
            if other not in rooms() or self.room == ROOF:
                continue
            if other == ROOF:
                # `from config import db` names the module second; `from config.db import lock` names a thing in it.
                known = module == ROOF or module in foundation or module.rpartition(".")[0] in foundation - {ROOF}
            else:
                known = may_know(self.room, other)
            if not known:
                yield self.says(line, f"imports {module}")

    # Models by their names

    def model_names(self) -> Iterator[tuple[int, str]]:
        """Models that are named in text: in relations, in `get_model`, and in what migrations depend on."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = name_of(node.func)
                if called in RELATIONS:
                    named = [*node.args, *(word.value for word in node.keywords if word.arg in {"to", "through"})]
                    yield from ((node.lineno, text) for text in texts(named) if MODEL.match(text))
                elif called == "get_model":
                    yield from ((node.lineno, f"{text.partition('.')[0]}.Model") for text in texts(node.args[:1]))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CLASS.match(node.value):
                yield node.lineno, node.value
        if self.is_migration:
            for node in ast.walk(self.tree):
                if isinstance(node, ast.Assign) and name_of(node.targets[0]) in {"dependencies", "run_before"}:
                    for pair in ast.walk(node.value):
                        if isinstance(pair, ast.Tuple) and (words := list(texts(pair.elts))):
                            yield pair.lineno, f"{words[0]}.Migration"

    def models_of_what_it_must_not_know(self) -> Iterator[str]:
        for line, text in sorted(set(self.model_names())):
            other = text.partition(".")[0]
            if other in rooms() and other != ROOF and not may_know(self.room, other):
                yield self.says(line, f"names {text}")

    # Relations from their far end

    def looks_backwards(self, backwards: Iterable[Backwards], own: frozenset[str]) -> Iterator[str]:
        forbidden = [each for each in backwards if not may_know(self.room, each.room)]
        accessors = {each.accessor for each in forbidden} - own
        queries = {each.query for each in forbidden} - own
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and node.attr in accessors:
                yield self.says(node.lineno, f"reads .{node.attr}")
            elif isinstance(node, ast.keyword) and node.arg and node.arg.partition("__")[0] in queries:
                if "__" in node.arg or node.arg in accessors:
                    yield self.says(node.value.lineno, f"looks up {node.arg}")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                head, _, rest = node.value.partition("__")
                if rest and head in queries | accessors and node.value.isidentifier():
                    yield self.says(node.lineno, f"looks up {node.value}")
            if isinstance(node, ast.Call) and name_of(node.func) in {
                "select_related",
                "prefetch_related",
                "Prefetch",
                "values",
                "values_list",
                "annotate",
                "order_by",
                "F",
                "Count",
                "OuterRef",
                "getattr",
                "hasattr",
            }:
                for text in texts(node.args):
                    if text.lstrip("-") in queries | accessors:
                        yield self.says(node.lineno, f"looks up {text}")


def name_of(node: ast.expr) -> str:
    """What is called or assigned to, without what stands before the dot."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
