"""The report's section on concepts: what was found before, and nothing that takes minutes."""

import carvis
from carvis.explain.concepts import concepts, save_names
from carvis.language import speaking
from carvis.report.context import Context
from carvis.report.sections.concepts import concepts as section_of
from carvis.workspace import Cache, Workspace
from tests.explain.concepts.conftest import colour_classifier, write_shapes


def test_concepts_that_were_found_are_shown_with_their_names(tmp_path):
    data, clf = write_shapes(tmp_path / "data" / "shapes"), colour_classifier()
    evaluation = carvis.evaluate(clf, data, leakage=False, check=False, embeddings=False)
    context = Context({"colours": evaluation}, data, {}, tmp_path / "cache")
    assert section_of(context) is None
    found = concepts(clf, data, "loud", cache=Cache(tmp_path / "cache" / "concepts"))
    save_names(Workspace(tmp_path), found.named({0: "red"}))
    section = section_of(Context({"colours": evaluation}, data, {}, tmp_path / "cache"))
    table = next(block for block in section.blocks if block.kind == "table")
    assert table.rows[0][0] == "red"
    assert {"heading", "table", "groups"} <= {block.kind for block in section.blocks}
    with speaking("ja"):
        japanese = section_of(Context({"colours": evaluation}, data, {}, tmp_path / "cache"))
    assert japanese.title == "コンセプト"


def test_without_images_there_is_no_section(tmp_path):
    data, clf = write_shapes(tmp_path / "data" / "shapes"), colour_classifier()
    evaluation = carvis.evaluate(clf, data, leakage=False, check=False, embeddings=False)
    assert section_of(Context({"colours": evaluation}, None, {}, tmp_path / "cache")) is None
