"""Every page with items that cannot be read: each is named with a remedy, the others are shown, and nothing breaks."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

# Fixtures of the dashboard's own tests.
from tests.dashboard.conftest import built_workspace, open_page, texts  # noqa: F401
from tests.hostile import bad_workspace

EVALUATIONS = tuple(f"colours/test/{name}" for name in bad_workspace.EVALUATIONS)
CARDS = tuple(f"models/{name}.json" for name in bad_workspace.CARDS)
# What each page lists, and so names where it cannot be read.
LISTED = {
    "overview": (*EVALUATIONS, *CARDS, *bad_workspace.MODELS, "two-splits"),
    "models": CARDS,
    "training": tuple(bad_workspace.RUNS),
    "confusion": EVALUATIONS,
    "compare": EVALUATIONS,
    "misclassified": (*EVALUATIONS, "data/tags.sqlite"),
    "heatmaps": (*EVALUATIONS, *CARDS, *bad_workspace.MODELS),
    "attention": (*CARDS, *bad_workspace.MODELS),
    "filters": (*CARDS, *bad_workspace.MODELS),
    "activations": (*EVALUATIONS, *CARDS, *bad_workspace.MODELS),
}
# What shows that the good items are there all the same.
GOOD = {
    "overview": "colours",
    "data_health": "Check these images",
    "models": "good.keras",
    "training": "whole",
    "confusion": "images of",
    "compare": "Is the gap real?",
    "misclassified": "8 of 32 images are misclassified",
    "heatmaps": "evidence for",
    "attention": "boxes drawn by hand",
    "filters": "Draw ",
    "activations": "channels",
}
REMEDIES = (" again", "mend", "remove", "move it away", "make it anew", "rename", "get the file", "update carvis")


@pytest.fixture(scope="module")
def spoilt(built_workspace, tmp_path_factory) -> Path:  # noqa: F811
    return bad_workspace.build(built_workspace, tmp_path_factory.mktemp("bad") / "workspace")


# The fixture gives a function, and needs nothing itself.
_fixture = open_page.__wrapped__ if hasattr(open_page, "__wrapped__") else open_page._get_wrapped_function()


def opened():
    """Return what the fixture hands to a test."""
    return next(_fixture())


@pytest.fixture(scope="module")
def session(spoilt):
    """One session for many links."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARVIS_WORKSPACE", str(spoilt))
        patch.setenv("CARVIS_UNASKED_SECONDS", "0")
        return opened()()


@pytest.fixture
def follow(session, spoilt, monkeypatch):
    """Open a link in that session."""
    monkeypatch.setenv("CARVIS_WORKSPACE", str(spoilt))
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "0")

    def open(page: str, **params):
        session.query_params.clear()
        for name, value in params.items():
            session.query_params[name] = value
        return session.switch_page(f"app_pages/{page}.py").run()

    return open


@pytest.fixture
def own(spoilt, tmp_path, monkeypatch) -> Path:
    root = tmp_path / "workspace"
    shutil.copytree(spoilt, root)
    monkeypatch.setenv("CARVIS_WORKSPACE", str(root))
    return root


@dataclass
class Shown:
    """What a page showed: its exceptions, the labels and items of its list, everything in words."""

    exceptions: list[str]
    labels: list[str]
    items: dict[str, str]
    errors: list[str]
    text: str


def shown(app) -> Shown:
    lists = [box for box in app.get("expander") if "cannot be read" in box.label]
    items = {}
    for box in lists:
        for line in "\n".join(one.value for one in box.markdown).replace("\\", "").split("- **")[1:]:
            name, _, sentence = line.partition("**")
            items[name] = " ".join(sentence.split())
    choices = [str(option) for kind in ("selectbox", "multiselect") for box in app.get(kind) for option in box.options]
    words = "\n".join([texts(app), *(str(box.label) for box in app.get("button")), *choices])
    return Shown(
        [one.value for one in app.exception],
        [box.label for box in lists],
        items,
        [one.value.replace("\\", "") for one in app.error],
        words.replace("\\", ""),
    )


@pytest.fixture(scope="module")
def pages(spoilt) -> dict[str, Shown]:
    """All pages, each drawn once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARVIS_WORKSPACE", str(spoilt))
        patch.setenv("CARVIS_UNASKED_SECONDS", "0")
        app, found = opened()(), {}
        for page in GOOD:
            app.query_params["data"] = "colours"
            app.switch_page(f"app_pages/{page}.py").run()
            found[page] = shown(app)
        return found


@pytest.mark.parametrize("page", GOOD)
def test_no_page_breaks_and_the_good_items_are_shown(pages, page):
    assert not pages[page].exceptions
    assert GOOD[page] in pages[page].text
    assert not any("Internal error in carvis" in sentence for sentence in pages[page].errors)
    assert len(pages[page].labels) == (1 if page in LISTED else 0), pages[page].labels


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, names in LISTED.items() for name in names])
def test_a_bad_item_is_named_with_a_remedy(pages, page, name):
    assert name in pages[page].items, pages[page].items
    assert any(word in pages[page].items[name] for word in REMEDIES), pages[page].items[name]


LINKS = {
    # A link to a bad item: page, parameters, what its error says.
    "evaluation": ("confusion", {"table": "colours/test/truncated"}, "truncated"),
    "evaluation beside": ("confusion", {"beside": "colours/test/future"}, "format 99"),
    "evaluation compared": ("compare", {"model": ["good", "poor", "a-list"]}, "a-list"),
    "evaluation in the gallery": ("misclassified", {"table": "colours/test/null"}, "null"),
    "evaluation that votes": ("misclassified", {"look": "labels", "model": ["good", "no-json"]}, "no-json"),
    "run": ("training", {"run": ["whole", "config-broken"]}, "config-broken"),
    "run with a folder": ("training", {"run": ["whole", "events-folder"]}, "events-folder"),
    "run with words": ("training", {"run": ["whole", "losses-in-words"]}, "losses-in-words"),
    "model": ("models", {"model": "model-truncated"}, "model-truncated"),
    "model explained": ("heatmaps", {"model": ["good", "model-empty"]}, "model-empty"),
    "model drawn": ("filters", {"model": ["good", "model-text"]}, "model-text"),
    "model looked into": ("activations", {"model": ["good", "model-truncated"]}, "model-truncated"),
    "card": ("heatmaps", {"model": ["good", "card-list"]}, "card-list"),
    "image": ("heatmaps", {"sample": ["test/blue/car 0.png", "test/blue/broken.jpg"]}, "broken.jpg"),
    "image that is gone": ("heatmaps", {"sample": ["test/blue/car 0.png", "test/blue/gone.png"]}, "gone.png"),
    "data set": ("data_health", {"data": "two-splits"}, "rename one of them"),
    "table": ("misclassified", {"table": "data/incorrect/no-table.csv"}, "no-table.csv"),
    "table that is a folder": ("misclassified", {"table": "data/incorrect/a-folder.csv"}, "a-folder.csv"),
    "super-classes": ("confusion", {"level": "super", "groups": "data/super_classes.json"}, "super_classes.json"),
    "annotations": ("attention", {"parts": "parts.csv"}, "parts.csv"),
}
# These fill the page by themselves: what else there is stands in its controls.
ALONE = ("evaluation", "evaluation in the gallery", "evaluation that votes", "model", "data set", "table",
         "table that is a folder", "annotations")  # fmt: skip


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_to_a_bad_item_says_what_is_wrong_with_it_and_shows_the_others(follow, kind):
    page, params, said = LINKS[kind]
    found = shown(follow(page, **({"data": "colours"} | params)))
    assert not found.exceptions
    # A model whose card cannot be read opens without it; a line of events that holds no numbers is ignored, as a torn
    # one is; and a folder is no table, so that the link names what is not there.
    told = {"card": found.items, "run with words": [found.text], "table that is a folder": [found.text]}
    told = told.get(kind, found.errors)
    assert any(said in sentence for sentence in told), (found.errors, found.items)
    assert GOOD[page] in found.text or kind in ALONE


@pytest.mark.parametrize("page", GOOD)
def test_a_bad_data_set_takes_no_page(follow, page):
    found = shown(follow(page, data="two-splits"))
    assert not found.exceptions and "two-splits" in found.text
    assert not any("Internal error in carvis" in sentence for sentence in found.errors), found.errors


def test_bad_items_change_neither_the_order_nor_the_choice_of_the_others(built_workspace, spoilt, monkeypatch):  # noqa: F811
    def chosen() -> list:
        app = opened()("confusion")
        first = app.selectbox(key="choose_table").value
        app.switch_page("app_pages/compare.py").run()
        return [first, app.multiselect(key="choose_model").value]

    monkeypatch.setenv("CARVIS_WORKSPACE", str(spoilt))
    among_bad = chosen()
    monkeypatch.setenv("CARVIS_WORKSPACE", str(built_workspace))
    assert chosen() == among_bad


def test_what_goes_while_it_is_shown_takes_no_page(own, open_page):
    app = open_page("confusion", data="colours", table="colours/test/good")
    shutil.rmtree(own / "data" / "evaluations" / "colours" / "test" / "good")
    assert not app.run().exception and "not in this workspace" in texts(app)
    app = open_page("misclassified", data="colours", table="colours/test/poor")
    shutil.move(own / "data" / "colours" / "test" / "green", own / "green")
    assert not app.run().exception
    app = open_page("heatmaps", data="colours", sample=["test/blue/car 0.png"], model=["good"])
    (own / "data" / "colours" / "test" / "blue" / "car 0.png").unlink()
    (own / "models" / "good.keras").unlink()
    assert not app.run().exception
    app = open_page("training", run=["whole"])
    shutil.rmtree(own / "data" / "runs" / "whole")
    assert not app.run().exception and "Run whole was not found" in texts(app)
    app = open_page("data_health", data="colours")
    shutil.rmtree(own / "data" / "colours")
    for page in GOOD:
        assert not app.switch_page(f"app_pages/{page}.py").run().exception, page


def test_the_list_of_many_bad_items_stays_short(own, open_page):
    whole = own / "data" / "evaluations" / "colours" / "test" / "no-json"
    for number in range(80):
        shutil.copytree(whole, whole.with_name(f"bad-{number}"))
    app = open_page("confusion", data="colours")
    found = shown(app)
    assert found.labels == ["96 evaluations cannot be read"]
    assert len(found.items) <= 51 and "and 46 more" in texts(app)


def test_a_locked_file_of_tags_is_waited_for_once(own, open_page, monkeypatch):
    import sqlite3
    import time

    from carvis.tags import Tags, database

    file = own / "data" / "tags.sqlite"
    file.unlink()
    Tags(file, {"colours": own / "data" / "colours"}).add_name("mine")
    monkeypatch.setattr(database, "_WAIT_SECONDS", 1)
    app = open_page("misclassified", data="colours")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    waited = []
    patiently = database._patiently
    monkeypatch.setattr(database, "_patiently", lambda attempt: (waited.append(time.monotonic()), patiently(attempt)))
    try:
        found = shown(app.run())
    finally:
        holder.close()
    assert not found.exceptions and "locked" in found.items["data/tags.sqlite"]
    assert GOOD["misclassified"] in found.text and len(waited) == 1
