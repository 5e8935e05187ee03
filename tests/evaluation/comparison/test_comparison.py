"""Models compared: lattice, pairs, fixed and broken, scoreboard, verdicts, what cannot be compared."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import carvis
from carvis.errors import TableError
from carvis.evaluation.comparison import Verdict, pattern_words
from carvis.evaluation.metrics import summarise
from tests.evaluation.small_evaluations import evaluation

A, B = [0.9, 0.1], [0.2, 0.8]


def evaluation_of(name, predicted, labels="aaaabb", **more):
    rows = [
        (f"test/{label}/{i}", label, A if letter == "a" else B)
        for i, (label, letter) in enumerate(zip(labels, predicted))
    ]
    return evaluation(name, ["a", "b"], rows, **more)


@pytest.fixture
def three():
    return [evaluation_of("own", "aabbaa"), evaluation_of("transfer", "aaabab"), evaluation_of("fine", "aaaaba")]


def test_the_lattice_counts_every_pattern_with_its_images(three):
    comparison = carvis.compare(three)
    table = comparison.lattice
    assert table.index.tolist() == ["111", "110", "101", "011", "100", "010", "001", "000"]
    assert table["count"].to_dict() == {
        "111": 2, "110": 0, "101": 0, "011": 1, "100": 0, "010": 1, "001": 2, "000": 0,
    }  # fmt: skip
    assert table.loc["001", "ids"] == ["test/a/3", "test/b/4"]
    assert table["share"].sum() == pytest.approx(1)
    assert comparison.samples("001")["id"].tolist() == ["test/a/3", "test/b/4"]
    assert pattern_words("001", comparison.names) == "Only fine is right"
    assert pattern_words("011", comparison.names) == "Only own is wrong"
    with pytest.raises(TableError, match="not a pattern of 3 models"):
        comparison.samples("01")


def test_pairs_fixed_and_broken(three):
    comparison = carvis.compare(three)
    pair = comparison.pairs.set_index(["first", "second"]).loc[("own", "fine")]
    assert [pair[k] for k in ("both", "only_first", "only_second", "neither")] == [2, 0, 3, 1]
    assert pair["difference"] == pytest.approx(0.5)
    assert pair["p"] == pytest.approx(2 * 0.5**3) and pair["p_holm"] == pytest.approx(3 * 2 * 0.5**3)
    assert comparison.fixed("own", "fine")["id"].tolist() == ["test/a/2", "test/a/3", "test/b/4"]
    assert comparison.broken("own", "fine").empty
    assert comparison.broken("fine", "own")["id"].tolist() == comparison.fixed("own", "fine")["id"].tolist()
    assert comparison.by_class("own", "fine").loc["b", "difference"] == 0.5
    # Right 2, 4, 5 times over images with 3, 3, 2, 1, 1, 1 votes.
    q, _ = comparison.cochran
    assert q == pytest.approx(2 * (3 * (4 + 16 + 25) - 11**2) / (3 * 11 - (9 + 9 + 4 + 1 + 1 + 1)))
    assert carvis.compare(three[:2]).cochran is None
    as_it_is, hot = comparison.reliability("fine"), comparison.reliability("fine", temperature=1e6)
    assert as_it_is["count"].sum() == hot["count"].sum() == 6
    assert as_it_is["confidence"].max() == pytest.approx(0.9) and hot["confidence"].max() == pytest.approx(0.5)
    with pytest.raises(TableError, match="nobody is not in this comparison"):
        comparison.fixed("own", "nobody")


def test_rows_in_another_order_change_nothing(three):
    shuffled = [
        replace(first, predictions=first.predictions.sample(frac=1, random_state=i).reset_index(drop=True))
        for i, first in enumerate(three)
    ]
    first, second = carvis.compare(three), carvis.compare(shuffled)
    assert first.pairs.equals(second.pairs)
    assert first.lattice["count"].equals(second.lattice["count"])
    assert set(first.lattice.loc["001", "ids"]) == set(second.lattice.loc["001", "ids"])
    assert first.scoreboard.drop(columns="log_loss").equals(second.scoreboard.drop(columns="log_loss"))


def test_what_differs_is_told_and_what_shares_nothing_is_refused(three):
    longer = evaluation_of("longer", "aaaabbaa", "aaaabbaa")
    comparison = carvis.compare([three[0], longer])
    assert comparison.n == 6 and comparison.left_out == {"missing": 2}
    # Both are measured on what they share.
    assert comparison.scoreboard.loc["longer", "n"] == 6 and comparison.scoreboard.loc["longer", "accuracy"] == 1
    with pytest.raises(TableError, match="different images"):
        carvis.compare([three[0], evaluation("far", ["a", "b"], [("x", "a", A)])])
    with pytest.raises(TableError, match="two or more evaluations"):
        carvis.compare(three[:1])


def test_the_scoreboard_holds_what_the_evaluation_says(three):
    board = carvis.compare(three).scoreboard
    assert board.index.tolist() == ["own", "transfer", "fine"]
    fine = three[2].metrics
    assert board.loc["fine", "accuracy"] == fine["accuracy"]
    assert board.loc["fine", ["low", "high"]].tolist() == fine["accuracy_interval"]
    assert board.loc["fine", "macro_f1"] == fine["macro_f1"]
    assert board.loc["fine", ["clean_accuracy", "parameters", "bytes", "milliseconds"]].isna().all()
    # fine: 4 answers a with 0.9, all right, one a with 0.9, wrong; one b with 0.8, right.
    assert board.loc["fine", "ece"] == pytest.approx((abs(4 - 5 * 0.9) + abs(1 - 0.8)) / 6)
    timed = carvis.compare(three).timed({"own": 2.5})
    assert timed.scoreboard.loc["own", "milliseconds"] == 2.5 and np.isnan(timed.scoreboard.loc["fine", "milliseconds"])


def test_a_file_that_was_changed_since_is_not_spoken_of(three, tmp_path):
    names = [item.setup["model"]["name"] for item in three]
    files = {name: tmp_path / f"{name}.keras" for name in names}
    for name, file in files.items():
        file.write_text(name)
    noted = {
        names[0]: hashlib.sha256(b"an earlier model").hexdigest(),
        names[1]: hashlib.sha256(names[1].encode()).hexdigest(),
    }
    messages = [
        replace(item, setup={**item.setup, "model": {**item.setup["model"], "sha256": noted.get(name)}})
        for name, item in zip(names, three, strict=True)
    ]
    comparison = carvis.compare(messages, files=files)
    # The third was evaluated before hashes were noted: nothing speaks against its file.
    assert comparison.changed == (names[0],) and list(comparison.files) == names[1:]
    files[names[0]].unlink()
    assert carvis.compare(messages, files=files).changed == ()


def test_leak_corrected_where_the_evaluation_knows(three):
    @dataclass(frozen=True)
    class Leak:
        copies: int = 100
        clean: int = 50
        accuracy: float | None = 0.5
        interval: tuple | None = (0.4, 0.6)
        measurable: bool = True

    class Knowing(type(three[0])):
        leak = Leak()

    class Small(type(three[0])):
        leak = Leak(5, 1, None, None, False)

    known = [kind(item.predictions, item.metrics, item.setup) for kind, item in zip((Knowing, Small), three)]
    board = carvis.compare([*known, three[2]]).scoreboard
    assert board.loc["own", ["copies", "clean", "clean_accuracy", "clean_low"]].tolist() == [100, 50, 0.5, 0.4]
    assert board.loc["transfer", "copies"] == 5 and np.isnan(board.loc["transfer", "clean_accuracy"])
    assert np.isnan(board.loc["fine", "copies"])


def test_leak_corrected_on_a_part_of_an_evaluation():
    labels = "a" * 40
    first, second = evaluation_of("one", "a" * 35 + "b" * 5, labels), evaluation_of("other", "a" * 38, "a" * 38)
    first = replace(first, predictions=first.predictions.assign(copy_of=[*["train/a/9"] * 4, *[""] * 36]))
    board = carvis.compare([first, second]).scoreboard
    # 38 images are shared: 4 have copies, and of the other 34 three are wrong.
    assert board.loc["one", ["copies", "clean", "clean_accuracy"]].tolist() == [4, 34, 31 / 34]
    assert board.loc["one", "clean_low"] < 31 / 34 < board.loc["one", "clean_high"]
    few = replace(first, predictions=first.predictions.assign(copy_of=[*["train/a/9"] * 20, *[""] * 20]))
    board = carvis.compare([few, second]).scoreboard
    assert board.loc["one", "clean"] == 18 and np.isnan(board.loc["one", "clean_accuracy"])


def test_without_copies(three):
    copied = [replace(item, predictions=item.predictions.assign(copy_of=["train/a/9", *[""] * 5])) for item in three]
    with pytest.warns(DeprecationWarning, match="without_leakage="):
        assert carvis.compare(copied, without_copies=True).without_leakage
    comparison = carvis.compare(copied, without_leakage=True)
    assert comparison.n == 5 and comparison.left_out == {"copies": 1}
    assert "test/a/0" not in set(comparison.joined.table["id"])
    assert comparison.scoreboard.loc["own", "accuracy"] == pytest.approx(1 / 5)
    assert comparison.joined.probabilities("own").shape == (5, 2)
    with pytest.raises(TableError, match="does not say which images are also in training"):
        carvis.compare(three, without_leakage=True)
    every = [replace(item, predictions=item.predictions.assign(copy_of="train/a/9")) for item in three]
    with pytest.raises(TableError, match="leak-free split"):
        carvis.compare(every, without_leakage=True)


def test_verdicts_in_words():
    labels = "a" * 60
    good, poor = evaluation_of("good", "a" * 60, labels), evaluation_of("poor", "a" * 50 + "b" * 10, labels)
    verdict = carvis.compare([poor, good]).verdicts[0]
    assert verdict == Verdict("better", "good", "poor", 10, 0, 2 * 0.5**10)
    assert verdict.finding == (
        "good is better than poor. Only good is right on 10 images; only poor on 0 (McNemar p = 0.002)."
    )
    fair = evaluation_of("fair", "a" * 57 + "b" * 3, labels)
    unclear = carvis.compare([good, fair]).verdicts[0]
    assert (unclear.kind, unclear.better, unclear.p) == ("unclear", "good", 0.25) and unclear.needed > 60
    assert f"About {unclear.needed} images would be needed" in unclear.finding
    other = evaluation_of("other", "b" * 3 + "a" * 57, labels)
    even = carvis.compare([fair, other]).verdicts[0]
    assert (even.kind, even.only_better, even.p) == (
        "even",
        3,
        1,
    ) and "Only fair is right on 3 images; only other on 3" in even.finding
    same = carvis.compare([fair, replace(fair)]).verdicts[0]
    assert same.kind == "same" and "exactly the same images" in same.finding


def test_a_hundred_thousand_images():
    rng = np.random.default_rng(0)
    n, names = 100_000, [f"c{i}" for i in range(20)]
    labels = rng.integers(0, 20, n)
    base = evaluation("m0", names, [("0", "c0", np.eye(20)[0])])
    models = []
    for model in range(3):
        probabilities = rng.dirichlet(np.ones(20) * 0.2, n).astype(np.float32)
        sure = rng.random(n) < 0.7 + 0.05 * model
        probabilities[sure, labels[sure]] += 2
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        best = probabilities.argmax(axis=1)
        ids = np.char.add("test/", np.arange(n).astype(str)).astype(object)
        predictions = pd.DataFrame(
            {
                "id": ids, "path": ids, "sha256": ids, "label": np.array(names, object)[labels],
                "predicted": np.array(names, object)[best], "confidence": probabilities.max(axis=1),
            }
            | {f"p:{name}": probabilities[:, i] for i, name in enumerate(names)}
        )  # fmt: skip
        setup = base.setup | {"model": base.setup["model"] | {"name": f"m{model}"}}
        models.append(replace(base, predictions=predictions, metrics=summarise(predictions, names), setup=setup))
    comparison = carvis.compare(models)
    assert comparison.lattice["count"].sum() == n and len(comparison.pairs) == 3
    assert (comparison.pairs["p_holm"] < 0.05).all() and len(comparison.by_class("m0", "m2")) == 20
    assert comparison.scoreboard["accuracy"].is_monotonic_increasing and comparison.cochran[1] < 1e-6
    assert len(comparison.risk_coverage("m0")) > 50_000


def test_statsmodels_is_loaded_only_when_it_is_needed():
    script = "import sys, carvis.evaluation.comparison; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
