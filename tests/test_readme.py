"""README, CONTRIBUTING and docs say what is true: their commands run, their translations agree, their links lead on.

A bash or Python block is run here, in the order of its page, unless the comment ``<!-- not run: REASON -->`` stands
above it. Its ``carvis`` commands then still have to be understood by the command line.
"""

import importlib.util
import re
import shutil
from importlib import import_module
from pathlib import Path

import pytest

import carvis
from carvis.cli import VERBS, main
from carvis.evaluation import load_evaluation
from tests.catalogue import po_file, read
from tests.markdown import PAGES, ROOT, anchors, blocks, carvis_commands, links, text_of
from tests.test_rooms import ROOMS
from tests.tutorial import CLASSES, MODELS, make_tutorial

LANGUAGES = {"bash", "powershell", "python", "ini", "nginx", "mermaid", "text", ""}
ENGLISH = [page for page in PAGES if not page.endswith(".ja.md")]
TRANSLATED = [page for page in ENGLISH if page.replace(".md", ".ja.md") in PAGES]
# Of these the tutorial's page has a test of its own: it starts from other files.
RUN = [
    page
    for page in ENGLISH
    if page != "docs/tutorial.md" and any(b.language in ("bash", "python") and not b.reason for b in blocks(page))
]
IMAGES = 8


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The demo with 8 of its images, half of which the fine-tuned model misclassifies."""
    root = tmp_path_factory.mktemp("demo")
    for folder in ("models", "data/evaluations"):
        shutil.copytree(ROOT / folder, root / folder)
    predictions = load_evaluation(ROOT / "data/evaluations/demo/test/demo_fine-tune").predictions
    wrong = predictions["label"] != predictions["predicted"]
    ids = [*predictions.loc[wrong, "id"].head(IMAGES // 2), *predictions.loc[~wrong, "id"].head(IMAGES // 2)]
    # The class that the page on predictions names.
    ids = list(dict.fromkeys([*ids, *predictions.loc[predictions["label"] == "Torvik-sedan", "id"].head(2)]))
    for name in ids:
        for source in (Path("data/demo") / name, (Path("data/demo/masks") / name).with_suffix(".png")):
            (root / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, root / source)
    shutil.copy(ROOT / "data/demo/masks/parts.json", root / "data/demo/masks")
    (root / "data/incorrect").mkdir()
    rows = "\n".join(f"demo/{name}" for name in ids[:4])
    (root / "data/incorrect/df2.csv").write_text(f"PATH\n{rows}\n", "utf-8")
    shutil.copy(root / "data/demo" / ids[0], root / "IMAGE.jpg")
    return root


@pytest.mark.parametrize("page", RUN)
def test_a_page_runs_as_it_is_written(page, workspace, monkeypatch, capsys):
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    names: dict = {}
    for block in blocks(page):
        if block.reason:
            continue
        if block.language == "bash":
            for words in block.commands:
                assert words[:3] == ["python", "-m", "carvis"], f"mark it as not run, with the reason: {words}"
                assert main(words[3:]) == 0, capsys.readouterr().err
        elif block.language == "python":
            exec(compile(block.text, page, "exec"), names)
    if page == "docs/notebook.md":
        printed = (
            "clf",
            "data",
            "health",
            "evaluation",
            "comparison",
            "heatmap",
            "attention",
            "maps_of_layers",
            "drawn",
            "found",
        )
        for name in printed:
            assert 100 < len(names[name]._repr_html_()) < 200_000, name
        assert names["evaluation"].accuracy == 0.5


@pytest.mark.parametrize("page", ENGLISH)
def test_every_command_is_one_that_there_is(page, monkeypatch):
    """The command line's parser takes all of a page's commands, and what else they name is there."""
    verbs = []
    for name in VERBS:
        monkeypatch.setattr(import_module(f"carvis.cli.{name}"), "run", lambda args: verbs.append(args.verb) or 0)
    commands = carvis_commands(blocks(page))
    for words in commands:
        assert main(words) == 0, words
    assert verbs == [words[0] for words in commands]
    for block in blocks(page, "bash") + blocks(page, "powershell"):
        for name in re.findall(r"-m (tests\.\w+|pytest|streamlit)", block.text):
            assert importlib.util.find_spec(name), name
        for name in re.findall(r"(?:-r|streamlit run|Scripts\\streamlit run) (\S+)", block.text):
            assert (ROOT / name.replace("\\", "/").rstrip(";")).is_file(), name


def test_the_tutorials_folder_is_opened_as_it_is(tmp_path_factory, monkeypatch, capsys):
    pytest.importorskip("tf_keras")
    tutorial = make_tutorial(tmp_path_factory.mktemp("readme") / "TUTORIAL")
    before = {path: path.read_bytes() for path in tutorial.rglob("*") if path.is_file()}
    monkeypatch.chdir(tutorial.parent)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    commands = carvis_commands([block for block in blocks("docs/tutorial.md") if not block.reason])
    assert [words[0] for words in commands] == ["summary", "evaluate", "heatmaps"]
    for words in commands:
        assert main(words) == 0, capsys.readouterr().err
    # Nothing was touched, nothing was put beside it but the folder that the page names.
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in tutorial.iterdir()) == ["data", "incorrect", "mini_pictures", "models"]
    assert sorted(path.name for path in tutorial.parent.iterdir()) == ["TUTORIAL"]
    evaluation = load_evaluation(tutorial / "data" / "evaluations" / "mini_pictures" / "test" / Path(MODELS[2]).stem)
    assert evaluation.class_names == sorted(CLASSES) and evaluation.metrics["n"] == 6
    figures = list((tutorial / "data" / "results" / "heatmaps").glob("*--heatmaps.png"))
    assert all(any(name in figure.name for figure in figures) for name in CLASSES) and len(figures) == 3


def test_every_block_says_what_it_is():
    for page in PAGES:
        assert {block.language for block in blocks(page)} <= LANGUAGES, page
        assert text_of(page).count("```") == 2 * len(blocks(page)), page


@pytest.mark.parametrize("page", TRANSLATED)
def test_a_translation_has_the_same_commands_and_headings(page):
    """Comments apart, so that what runs in English runs in Japanese."""
    japanese = page.replace(".md", ".ja.md")
    assert [b.without_comments for b in blocks(japanese)] == [b.without_comments for b in blocks(page)]
    levels = [
        re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text_of(name), flags=re.S), re.M) for name in (page, japanese)
    ]
    assert levels[0] == levels[1]
    assert Path(japanese).name in text_of(page) and Path(page).name in text_of(japanese)


@pytest.mark.parametrize("page", TRANSLATED)
def test_pages_of_the_dashboard_are_called_as_in_its_menu(page):
    menu = set(re.findall(r'title=_\("(.+?)"\)', (ROOT / "dashboard/navigation.py").read_text("utf-8")))
    japanese = read(po_file("ja"))
    bold, translated = (re.findall(r"\*\*(.+?)\*\*", text_of(name)) for name in (page, page.replace(".md", ".ja.md")))
    assert set(re.findall(r"[Pp]ages? \*\*(.+?)\*\*", text_of(page))) <= menu
    assert {japanese[None, name][0] for name in bold if name in menu} <= set(translated)


def test_every_page_for_learners_has_japanese():
    assert set(ENGLISH) - set(TRANSLATED) == {"CHANGELOG.md", "CONTRIBUTING.md"}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for link in links(page):
        if re.match(r"https?://", link):
            continue
        target, _, anchor = link.partition("#")
        path = ((ROOT / page).parent / target).resolve() if target else ROOT / page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path.relative_to(ROOT).as_posix()), link


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_the_code_that_is_named_is_there(page):
    for name in re.findall(r"`((?:carvis|dashboard|tests)/[\w/.]+)`", text_of(page)):
        assert (ROOT / name).exists(), name


def test_every_page_is_linked_from_the_readme():
    reachable = {"README.md"}
    for page in ("README.md", "README.ja.md"):
        reachable |= {(Path(page).parent / link.partition("#")[0]).as_posix() for link in links(page)}
    assert set(PAGES) <= reachable


def test_contributing_names_every_room():
    text = text_of("CONTRIBUTING.md")
    [diagram] = blocks("CONTRIBUTING.md", "mermaid")
    for room in ROOMS:
        assert re.search(rf"\b{room}\b", diagram.text), room
        assert f"`{room}`" in text, room
    # In the order in which they may import each other.
    assert [word for word in re.findall(r"\w+", diagram.text.partition("cli")[0]) if word in ROOMS] == [*ROOMS[:-1]]


def test_the_changelog_has_the_version():
    assert re.search(rf"^## {re.escape(carvis.__version__)}\b", text_of("CHANGELOG.md"), re.M)
