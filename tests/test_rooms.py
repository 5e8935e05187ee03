"""The architecture as tests: who may import whom, and what stays light."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "errors",
    "startup",
    "language",
    "progress",
    "workspace",
    "images",
    "display",
    "tables",
    "dataset",
    "classifier",
    "architectures",
    "training",
    "feature_space",
    "evaluation",
    "tags",
    "prediction",
    "subgroups",
    "explain",
    "figures",
    "demo",
    "report",
    "cli",
)


def imports_of(file: Path) -> set[str]:
    """All modules a file imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{file} imports relatively"
            names.add(node.module)
    return names


def files_of(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "carvis" and len(parts) > 1 and parts[1] in ROOMS else None


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room):
    files = [file for file in files_of("carvis") if file.relative_to(ROOT / "carvis").parts[0] in (room, f"{room}.py")]
    for file in files:
        for module in imports_of(file):
            other = room_of(module)
            if other and other != room:
                assert ROOMS.index(other) < ROOMS.index(room), f"{file} imports {module}"


def test_no_module_imports_itself_by_way_of_others():
    """So every module can be imported first; imports inside functions count, those for type checkers do not."""
    modules = {module_name(file): file for file in files_of("carvis")}
    graph = {
        name: {imported for imported in modules_imported(file, modules) if imported != name}
        for name, file in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            yield from (home_of(node.module, alias.name, modules) for alias in node.names)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, but not what only a type checker runs."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from statements(child)


def home_of(module: str, name: str, modules: dict[str, Path]) -> str:
    """The module that a name comes from: a submodule, or the one that a package's stub takes it from."""
    if f"{module}.{name}" in modules:
        return f"{module}.{name}"
    stub = modules[module].with_suffix(".pyi")
    for node in ast.parse(stub.read_text(encoding="utf-8")).body if stub.exists() else ():
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return home_of(f"{module}.{node.module}", name, modules)
    return module


def test_the_library_knows_no_streamlit_and_the_dashboard_no_tensorflow():
    for file in files_of("carvis"):
        assert not any(module.split(".")[0] == "streamlit" for module in imports_of(file)), file
    for file in files_of("dashboard"):
        assert not any(module.split(".")[0] in ("tensorflow", "keras") for module in imports_of(file)), file


def test_a_page_imports_state_and_widgets_and_nothing_of_another_page():
    ui = ROOT / "dashboard" / "ui"
    for file in files_of("dashboard"):
        for module in imports_of(file):
            first, *rest = module.split(".")
            if first != "ui" or not rest:
                continue
            other = rest[0]
            if not file.is_relative_to(ui):
                # A page's script draws on its own page alone.
                page = file.stem if file.parent.name == "app_pages" else ""
            else:
                page = file.relative_to(ui).parts[0]
            below = {"state": {"state"}, "widgets": {"state", "widgets"}}.get(page, {"state", "widgets", page})
            assert other in below, f"{file} imports {module}"


def test_the_folders_of_the_dashboard_are_its_pages():
    pages = {file.stem for file in files_of("dashboard/app_pages")} - {"overview_address"}
    folders = {file.relative_to(ROOT / "dashboard" / "ui").parts[0] for file in files_of("dashboard/ui")}
    assert folders <= pages | {"state", "widgets"}


@pytest.mark.parametrize(
    "module",
    [
        "carvis",
        "carvis.dataset",
        "carvis.evaluation",
        "carvis.subgroups",
        "carvis.explain",
        "carvis.figures",
        "carvis.demo",
        "carvis.cli",
    ],
)
def test_what_needs_no_model_loads_no_tensorflow(module):
    script = f"import sys, {module}; sys.exit(bool({{'tensorflow', 'keras'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_every_public_name_is_there():
    import carvis

    for name in carvis.__all__:
        assert getattr(carvis, name) is not None
    with pytest.raises(AttributeError, match="magic"):
        carvis.magic  # noqa: B018


def test_files_can_be_read_in_one_sitting():
    for folder in ("carvis", "dashboard", "tests"):
        for file in files_of(folder):
            assert len(file.read_text(encoding="utf-8").splitlines()) <= 350, file


def test_no_exported_name_is_that_of_a_submodule():
    """A submodule that is imported would take the place of a function of the same name."""
    for file in files_of("carvis"):
        if file.name != "__init__.py":
            continue
        package = ".".join(file.parent.relative_to(ROOT).parts)
        submodules = {path.stem for path in file.parent.glob("*.py")} | {
            path.name for path in file.parent.iterdir() if (path / "__init__.py").exists()
        }
        exported = set(getattr(importlib.import_module(package), "__all__", ()))
        assert not exported & submodules, package
