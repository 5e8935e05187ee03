"""Any value in any place of a good file: it is accepted, or one sentence; and one bad file never stops the others."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carvis.cli import main
from carvis.errors import CarvisError, TrainingError
from carvis.evaluation import load_evaluation
from carvis.evaluation.assumptions.result import AssumptionCheck
from carvis.training import Run
from carvis.training.replay import Replay
from carvis.workspace import Workspace, json_text, parse_json
from tests.hostile.json_readers import READERS, use_card, use_config, use_evaluation, use_run
from tests.hostile.material import (
    ANY_JSON,
    CARD,
    CONFIG,
    EVENTS,
    STATUS,
    check,
    each_file,
    evaluation,
    one_sentence,
    places,
    replaced,
    run_folder,
)

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LEFT_OUT = st.just(...)


@pytest.fixture
def root(tmp_path):
    return each_file(tmp_path)


def _any_change(document):
    return st.tuples(st.sampled_from(places(document)), ANY_JSON | LEFT_OUT)


def _accepted(read, root) -> None:
    try:
        read(root)
    except CarvisError as error:
        one_sentence(error)


@QUICK
@given(data=st.data())
def test_any_value_in_any_place_of_an_evaluation(root, data):
    path = root / READERS["metrics.json"][0]
    if not hasattr(use_evaluation, "good"):
        use_evaluation.good = json.loads(path.read_text("utf-8"))
    change = data.draw(_any_change(use_evaluation.good))
    path.write_text(json.dumps(replaced(use_evaluation.good, *change)))
    _accepted(use_evaluation, root)


@QUICK
@given(change=_any_change(CONFIG))
@example((("class_names",), ["A"]))
def test_any_value_in_any_place_of_a_configuration(root, change):
    run_folder(root, config=replaced(CONFIG, *change))
    _accepted(use_config, root)
    _accepted(use_run, root)
    assert main(["runs", "--workspace", str(root)]) == 0
    assert main(["runs", "compare", "--workspace", str(root)]) == 0


@QUICK
@given(change=_any_change(STATUS))
def test_any_value_in_any_place_of_a_status(root, change):
    run_folder(root, status=replaced(STATUS, *change))
    _accepted(use_run, root)
    assert main(["runs", "--workspace", str(root)]) == 0
    assert len(Workspace(root).runs()) == 1


@QUICK
@given(change=_any_change(EVENTS))
def test_any_value_in_any_place_of_the_events(root, change):
    run_folder(root, events=replaced(EVENTS, *change))
    use_run(root)
    assert main(["runs", "compare", "--workspace", str(root)]) == 0
    assert main(["runs", "follow", "20260101-000000-own", "--workspace", str(root)]) == 0


@QUICK
@given(change=_any_change(CARD))
def test_any_value_in_any_place_of_a_card(root, change):
    (root / "models" / "m.json").write_text(json.dumps(replaced(CARD, *change)))
    _accepted(use_card, root)


@QUICK
@given(change=_any_change(check()))
def test_any_value_in_any_place_of_a_check(change):
    try:
        found = AssumptionCheck.from_json(replaced(check(), *change))
    except CarvisError as error:
        one_sentence(error)
        return
    assert found.verdict and [str(message) for message in found.messages] and found.remarks_on(["resize"]) is not None


@QUICK
@given(value=ANY_JSON)
def test_any_document_in_place_of_any_file(root, value):
    for name, (place, read) in READERS.items():
        good = (root / place).read_bytes()
        (root / place).write_text(json.dumps(value))
        if name != "config.json" or value != {}:
            _accepted(read, root)
        (root / place).write_bytes(good)


@QUICK
@given(st.binary(max_size=200) | st.text(max_size=100))
def test_any_bytes(content):
    try:
        parse_json(content, "a.json")
    except CarvisError as error:
        one_sentence(error, "a.json")


@QUICK
@given(ANY_JSON)
def test_what_is_written_is_read_again(value):
    assert parse_json(json_text(value), "a.json") == json.loads(json.dumps(value)) or "\0" in json.dumps(value)


def test_what_is_no_json_number_is_written_as_null():
    assert json_text({"a": float("nan"), "b": [np.float32("inf"), np.int64(3), np.array([1.0, np.nan])]}) == (
        '{"a": null, "b": [null, 3, [1.0, null]]}'
    )


def test_a_million_wrong_items_are_refused_in_little_memory(root):
    import tracemalloc

    path = root / READERS["metrics.json"][0]
    document = json.loads(path.read_text("utf-8"))
    document["setup"]["model"]["class_names"] = [1] * 1_000_000
    path.write_text(json.dumps(document))
    tracemalloc.start()
    with pytest.raises(CarvisError, match=r"class_names\.0 must be a text, and is 1"):
        use_evaluation(root)
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("broken", ["config.json", "status.json"])
def test_one_bad_run_is_named_and_the_others_are_listed(root, broken, capsys):
    other = run_folder(root, "20260102-000000-other")
    (other / broken).write_text('{"epochs": ["a"]}' if broken == "config.json" else '{"epoch": "three"}')
    assert main(["runs", "--workspace", str(root)]) == 0
    listed = capsys.readouterr().out
    assert f"{other / broken} cannot be read" in listed and "20260101-000000-own    finished" in listed
    assert main(["runs", "compare", "--workspace", str(root)]) == 0
    told = capsys.readouterr()
    assert "20260101-000000-own" in told.out and (broken == "status.json" or str(other / broken) in told.err)


@pytest.mark.parametrize("broken", ["config.json", "status.json"])
def test_a_run_with_a_folder_in_place_of_a_file_is_named_and_the_others_are_listed(root, broken, capsys):
    other = run_folder(root, "20260102-000000-other")
    (other / broken).unlink()
    (other / broken).mkdir()
    assert main(["runs", "--workspace", str(root)]) == 0
    listed = capsys.readouterr().out
    assert f"{other / broken} cannot be read" in listed and "20260101-000000-own    finished" in listed
    (other / broken).rmdir()
    assert main(["runs", "--workspace", str(root)]) == 0
    listed = capsys.readouterr().out
    assert ("20260102-000000-other" in listed) == (broken == "config.json") and "20260101-000000-own" in listed


def test_one_bad_evaluation_is_named_and_the_others_are_compared(root, capsys):
    folders = [root / "data" / "evaluations" / "cars" / "valid" / name for name in ("m", "n", "bad")]
    for folder in folders[1:]:
        evaluation().save(folder)
    (folders[2] / "metrics.json").write_text('{"format": 1}')
    told = ["--workspace", str(root), "--split", "valid"]
    assert main(["compare", *map(str, folders), *told]) == 0
    assert f"skipped: {folders[2] / 'metrics.json'} cannot be read" in capsys.readouterr().err
    assert main(["compare", str(folders[2]), *told]) == 2
    said = capsys.readouterr().err
    assert "is missing" in said and "Traceback" not in said


def test_an_evaluation_of_another_data_set_is_said(root):
    folder = root / "data" / "evaluations" / "cars" / "valid" / "m"
    for name in ("Golf", "Polo"):
        (root / "data" / "others" / "valid" / name).mkdir(parents=True)
    with pytest.raises(CarvisError, match=r"it is of the classes A, 車, none of which .*others has"):
        load_evaluation(folder, root / "data" / "others")


def test_a_replay_without_class_names_is_said(root):
    folder = run_folder(root, config={"recipe": "own"})
    with pytest.raises(TrainingError, match="class_names is missing") as said:
        Replay(Run(folder)).confusion(1)
    one_sentence(said.value, "config.json")
