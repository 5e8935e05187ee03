"""Where the code opens files, goes through folders and resolves paths: each by one function."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPENS = {
    "open", "Image.open", "np.load", "h5py.File", "zipfile.ZipFile", "ZipFile", "pd.read_parquet", "pd.read_csv",
    "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "cv2.imread", "sqlite3.connect", "os.open",
}  # fmt: skip
METHODS = {"read_bytes", "read_text"}
WALKS = {"iterdir", "rglob", "glob", "walk", "scandir", "listdir"}

# What opens a path by itself, and why it may.
MAY_OPEN = {
    "carvis/workspace/regular_file.py": "the function itself",
    "carvis/workspace/temporary.py": "locks of its own, never through a link",
    "carvis/workspace/array_cache.py": "writes into a folder that was just made",
    "carvis/startup.py": "the package's own modules",
    "carvis/language.py": "the package's own catalogue",
    "carvis/cli/__init__.py": "the null device",
    "carvis/classifier/cpu.py": "/proc/cpuinfo",
    "carvis/classifier/memory_estimate.py": "the memory limits under /sys/fs/cgroup",
    "carvis/classifier/files/sandbox/worker.py": "/proc/self/status",
    "carvis/classifier/files/clean_copy.py": "writes into a folder that was just made",
    "carvis/dataset/health/materialised_split.py": "writes into a folder that was just made",
    "carvis/demo/regeneration.py": "files that it has just made",
    "carvis/demo/shipped.py": "a bounded archive in memory, or from a file that is open already",
    "carvis/evaluation/storage.py": "copies an ordinary file, no link, after a look at what lies there",
    "carvis/tags/database.py": "SQLite, after a look at what lies there",
    "dashboard/ui/heatmaps/heatmap_row.py": "heatmaps of the cache, which holds no links",
    "dashboard/ui/attention/box_canvas.py": "the page's own HTML, CSS and JavaScript",
    "dashboard/ui/image_map/scatter.py": "the page's own HTML, CSS and JavaScript",
}
# What is given here is a file that is open already, or bytes.
OPENED = {
    "opened", "file", "buffer", "content", "io", "member", "stream", "archive", "data", "bounded", "_TableReader"
}  # fmt: skip
# What goes through a folder by itself, and why it may.
MAY_WALK = {
    "carvis/workspace/tree.py": "the functions themselves",
    "carvis/workspace/links.py": "looks for links, follows none",
    "carvis/workspace/layout.py": "names of folders beside a data set; opens nothing",
    "carvis/workspace/array_cache.py": "its own folder",
    "carvis/workspace/staging.py": "folders that carvis builds",
    "carvis/workspace/temporary.py": "folders that carvis builds, never through a link",
    "carvis/language.py": "the package's own catalogue",
    "dashboard/ui/state/fields.py": "the pages' own folders",
    "carvis/cli/evaluate.py": "names of files that it has just written",
    "carvis/dataset/layout.py": "names for a sentence",
    "carvis/dataset/display.py": "counts the files of a class folder that the rule allows",
    "carvis/tables/path_labels.py": "names of folders; opens nothing",
    "carvis/dataset/health/materialised_split.py": "a folder that was just made",
    "carvis/dataset/health/splits.py": "whether a folder is empty",
    "carvis/demo/restoration.py": "what it draws itself",
    "carvis/evaluation/result.py": "looks for links, follows none",
    "carvis/training/replay.py": "a run's own folder, in which no link leads out",
}


@cache
def sources() -> list[tuple[str, ast.AST]]:
    files = [file for folder in ("carvis", "dashboard") for file in sorted((ROOT / folder).rglob("*.py"))]
    return [(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))) for file in files]


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_files_are_opened_by_one_function():
    found = []
    for file, tree in sources():
        for call in calls(tree):
            name = ast.unparse(call.func)
            given = ast.unparse(call.args[0]).split("(")[0].split(".")[0] if call.args else ""
            bare = name in OPENS or (isinstance(call.func, ast.Attribute) and call.func.attr in METHODS)
            if bare and given not in OPENED and file not in MAY_OPEN:
                found.append(f"{file}:{call.lineno}: {ast.unparse(call)[:80]}")
    assert not found, "open these with carvis.workspace.open_regular or read_regular: " + "; ".join(found)


def test_folders_are_gone_through_by_one_function():
    found = []
    for file, tree in sources():
        for call in calls(tree):
            own = isinstance(call.func, ast.Attribute) and call.func.attr in WALKS
            if own and ast.unparse(call.func) != "ast.walk" and file not in MAY_WALK:
                found.append(f"{file}:{call.lineno}: {ast.unparse(call)[:80]}")
    assert not found, "go through these with carvis.workspace.walk or children: " + "; ".join(found)


def test_paths_are_resolved_by_one_function():
    """``Path.resolve`` raises a RuntimeError where links lead to each other, and a RecursionError after many."""
    found = []
    for file, tree in sources():
        for call in calls(tree):
            text = ast.unparse(call)
            if text.endswith((".resolve()", ".expanduser()")) and "__file__" not in text:
                found.append(f"{file}:{call.lineno}: {text[:80]}")
    assert not found, "resolve these with carvis.workspace.resolved: " + "; ".join(found)


def test_no_leave_is_given_that_is_not_needed():
    """A file that opens nothing by itself any more leaves the lists, so that it cannot begin to again unseen."""
    needed: dict[str, set[str]] = {"open": set(), "walk": set()}
    for file, tree in sources():
        for call in calls(tree):
            attribute = call.func.attr if isinstance(call.func, ast.Attribute) else None
            if ast.unparse(call.func) in OPENS or attribute in METHODS:
                needed["open"].add(file)
            if attribute in WALKS:
                needed["walk"].add(file)
    assert set(MAY_OPEN) <= needed["open"] and set(MAY_WALK) <= needed["walk"]
