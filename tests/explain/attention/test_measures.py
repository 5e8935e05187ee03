"""Shares, pointing, covering, intervals and outliers, worked out on paper."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carvis.explain.attention import VERDICTS, Attention, claim, claim_finding, default_part, outlier_findings
from carvis.explain.attention.fills import FILL_FUNCTIONS, elsewhere, grey, inpaint, mean, surroundings
from carvis.explain.attention.measures import coverage, points_at, shares, summit
from carvis.explain.attention.outliers import deviations, part_outliers
from carvis.explain.attention.result import MEASURES, mean_interval
from carvis.language import speaking


def test_a_mask_averaged_down_and_up_keeps_its_area():
    """Three pixels a row onto two: each takes one and a half, so the middle one is halved between them."""
    mask = np.array([[1, 1, 0], [0, 0, 0]], bool)
    np.testing.assert_allclose(coverage(mask, (2, 2)), [[1, 1 / 3], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(coverage(mask, (1, 1)), [[1 / 3]], atol=1e-6)
    # Enlarged to 4 x 4: columns 0, 1 lie in the first pixel and a half of the second, ...
    large = coverage(mask, (4, 6))
    np.testing.assert_allclose(large, np.kron(mask, np.ones((2, 2))), atol=1e-6)
    rng = np.random.default_rng(0)
    mask = rng.random((37, 53)) < 0.3
    for size in ((16, 16), (80, 20), (37, 53)):
        assert coverage(mask, size).mean() == pytest.approx(mask.mean(), abs=1e-6)


def test_shares_of_an_enlarged_map():
    """The map [[0, 4]] becomes [0, 1, 3, 4] with half-pixel centres. The part has the last pixel and a half of the
    third, 4 + 1.5 of 8; what overlaps counts for both; negative evidence counts for none."""
    part = np.array([[0, 0, 0.5, 1]], np.float32)
    all_of_it = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(shares(np.array([[0.0, 4]]), np.stack([part, all_of_it])), [5.5 / 8, 1], rtol=1e-6)
    np.testing.assert_allclose(shares(np.array([[-7.0, 4]]), part[None]), [5.5 / 8], rtol=1e-6)


def test_the_summit_is_the_middle_of_the_largest_cell_and_points_at_what_lies_there():
    place = summit(np.array([[0, 1], [0, 5], [2, 3.0]]))
    assert place == (0.5, 0.75)
    mask = np.zeros((6, 8), bool)
    mask[3, 6] = True  # 0.5 x 6 = 3 and 0.75 x 8 = 6
    assert points_at(mask, place)
    far = np.zeros((6, 8), bool)
    far[0, 2] = True  # three up and four to the left: five pixels away
    assert not points_at(far, place) and not points_at(far, place, 4.9) and points_at(far, place, 5)


def test_what_is_put_in_the_place_of_a_part():
    image = np.array([[10, 20, 30], [40, 250, 60], [70, 80, 90]], np.uint8)[..., None]
    mask = np.zeros((3, 3), bool)
    mask[1, 1] = True
    assert grey(image, mask)[1, 1, 0] == 128
    assert mean(image, mask)[1, 1, 0] == 72  # 650 / 9
    for fill in FILL_FUNCTIONS.values():
        filled = fill(image, mask)
        assert filled.shape == image.shape and filled.dtype == np.uint8
        np.testing.assert_array_equal(filled[~mask], image[~mask])


def test_surroundings_run_smoothly_into_the_part():
    """On a plain image nothing is left of the part; between black and white it lies between them, without an edge."""
    image = np.full((32, 32, 3), (20, 120, 220), np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[5:20, 7:21] = True
    image[mask] = 255
    for fill, off in ((surroundings, 0), (inpaint, 3)):
        assert np.abs(fill(image, mask).astype(int) - (20, 120, 220)).max() <= off
    ramp = np.repeat(np.linspace(0, 255, 64)[None, :, None], 64, axis=0).round().astype(np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[20:44, 20:44] = True
    filled = surroundings(ramp, hole).astype(int)
    assert np.abs(np.diff(filled[32, :, 0])).max() < 40
    assert filled[32, 21, 0] < filled[32, 32, 0] < filled[32, 42, 0]
    large = np.full((1200, 2400, 3), (20, 120, 220), np.uint8)
    part = np.zeros((1200, 2400), bool)
    part[300:900, 100:1700] = True
    large[part] = 255
    assert (surroundings(large, part) == (20, 120, 220)).all()
    assert surroundings(image, np.ones((32, 32), bool)).std(axis=(0, 1)).max() == 0


def test_the_same_shape_elsewhere_lies_clear_of_the_part_and_depends_on_the_seed_alone():
    mask = np.zeros((40, 60), bool)
    mask[3:9, 4:12] = True
    mask[5, 5] = False
    moved = elsewhere(mask, (0, 7))
    assert moved.overlap == 0 and not (moved.mask & mask).any()
    rows, columns = np.nonzero(moved.mask)
    shape = moved.mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(shape, mask[3:9, 4:12])
    np.testing.assert_array_equal(elsewhere(mask, (0, 7)).mask, moved.mask)
    assert not np.array_equal(elsewhere(mask, (1, 7)).mask, moved.mask)


def test_a_background_goes_round_the_edges_and_says_how_much_it_still_covers():
    mask = np.ones((20, 20), bool)
    mask[6:14, 6:14] = False
    moved = elsewhere(mask)
    assert moved.mask.sum() == mask.sum()
    # The hole of 64 can at best lie clear of where it was: 336 - 64 of 336 stay covered.
    assert (336 - 64) / 336 <= moved.overlap < 1
    assert moved.overlap == pytest.approx((moved.mask & mask).sum() / 336)


def test_the_interval_of_a_mean():
    """1, 2, 3 have mean 2 and standard error 1 / sqrt(3); Student's t for two degrees of freedom is 4.3027."""
    assert mean_interval([1, 2, 3, np.nan]) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
    assert np.isnan(mean_interval([5.0])).all()


def test_deviations_are_measured_against_the_median():
    """The median of 0, .1, .2, .3, 1 is .2; the distances 0, .1, .1, .2, .8 have the median .1."""
    result = deviations(np.array([0, 0.1, 0.2, 0.3, 1.0]))
    np.testing.assert_allclose(result, np.array([-0.2, -0.1, 0, 0.1, 0.8]) / 0.14826, rtol=1e-6)
    # Alike to the last, they are held to the smallest spread that counts.
    np.testing.assert_allclose(deviations(np.array([0, 0, 0, 0.3])), [0, 0, 0, 10], atol=1e-9)


def table(rows):
    frame = pd.DataFrame(rows, columns=["label", "part", "n", "share", "area", "fall", "control"])
    return frame.assign(net=frame["fall"] - frame["control"]).set_index(["label", "part"])


def test_what_stands_out_is_seen_beyond_area_and_beyond_covering():
    sky = [(name, "sky", 9, 0.5, 0.5, 0.1, 0.0) for name in "abc"]
    outliers = part_outliers(table([*sky, ("d", "sky", 9, 0.9, 0.5, 0.7, 0.1)]))
    assert outliers[["label", "part", "kind"]].values.tolist() == [["d", "sky", "both"]]
    assert outliers.loc[0, "others share"] == 0.5 and outliers.loc[0, "others fall"] == pytest.approx(0.1)
    # More of the map, but no more than its area tells; a fall, but no larger than the control's; too few images.
    assert part_outliers(table([*sky, ("d", "sky", 9, 0.9, 0.9, 0.1, 0.0)])).empty
    assert part_outliers(table([*sky, ("d", "sky", 9, 0.5, 0.5, 0.7, 0.8)])).empty
    assert part_outliers(table([*sky, ("d", "sky", 2, 0.9, 0.5, 0.7, 0.1)])).empty
    assert part_outliers(table([*sky, ("d", "sky", 9, 0.5, 0.5, 0.7, 0.1)]))["kind"].tolist() == ["need"]
    assert part_outliers(table([*sky, ("d", "sky", 9, 0.9, 0.5, np.nan, np.nan)]))["kind"].tolist() == ["attention"]


def attention_of(falls, shares=(0.5, 0.2), occluded=True):
    """Attention of images, each with falls of (emblem, grille); the control costs nothing."""
    rows = []
    for number, pair in enumerate(falls):
        row = {"id": str(number), "label": "a", "predicted": "a", "right": True, "status": "ok"}
        for part, fall, share in zip(("emblem", "grille"), pair, shares):
            values = {"area": 0.1, "share": share, "point": 1, "fall": fall, "control": 0.0, "right": 1.0}
            row |= {f"{measure}:{part}": values.get(measure, 0.0) for measure in MEASURES}
        rows.append(row)
    return Attention(pd.DataFrame(rows), ("emblem", "grille"), {}, setup={"occlude": occluded})


@pytest.mark.parametrize(
    ("falls", "shares", "verdict"),
    [
        ([(0.5, 0.1), (0.6, 0.2), (0.5, 0.1)], (0.5, 0.2), "main"),
        ([(0.5, 0.8), (0.6, 0.9), (0.5, 0.8)], (0.5, 0.2), "partial"),
        # 0.5, -0.5 and 0 are 0 on average; their interval holds 0.
        ([(0.5, 0.8), (-0.5, 0.9), (0.0, 0.8)], (0.5, 0.2), "attention-only"),
        ([(0.5, 0.8), (-0.5, 0.9), (0.0, 0.8)], (0.05, 0.2), "neither"),
        ([(0.5, 0.8)], (0.5, 0.2), "too-few-images"),
    ],
)
def test_a_claim_about_one_part(falls, shares, verdict):
    tested_claim = claim(attention_of(falls, shares), "emblem")
    assert (tested_claim.verdict, tested_claim.rival) == (verdict, "grille")
    assert claim(attention_of(falls, shares, occluded=False), "emblem").verdict == "not-occluded"


def test_a_claim_in_a_sentence():
    """The emblem's falls of 0.5, 0.6 and 0.5 are 0.53 on average, the grille's 0.83; all predictions stay right."""
    falls = [(0.5, 0.8), (0.6, 0.9), (0.5, 0.8)]
    message = claim_finding("m", claim(attention_of(falls), "emblem"))
    assert message == (
        "Partly: m relies more on the grille than on the emblem. Occluding the emblem lowers the probability by 0.53 "
        "(same shape elsewhere: 0.00) and accuracy from 100.0% to 100.0% (95 % CI 43.9% – 100.0%); occluding the "
        "grille lowers the probability by 0.83 (elsewhere: 0.00)."
    )
    assert "grille" in message.with_values(lambda name, value: value if name == "rival" else "x")
    for verdict in VERDICTS:
        sentence = claim_finding("m", replace(claim(attention_of(falls), "emblem"), verdict=verdict))
        with speaking("ja"):
            assert sentence.localised() != sentence and "{" not in sentence.localised()


def test_outliers_in_sentences():
    """Classes that differ in the same part share a sentence, the gravest kind first."""
    parts = [(name, part, 9, 0.5, 0.5, 0.1, 0.0) for name in "abcg" for part in ("sky", "roof")]
    outliers = part_outliers(
        table([*parts, ("d", "sky", 9, 0.5, 0.5, 0.7, 0.1), ("e", "sky", 9, 0.5, 0.5, 0.9, 0.1),
               ("d", "roof", 9, 0.9, 0.5, 0.6, 0.1)])
    )  # fmt: skip
    findings = outlier_findings("m", outliers)
    assert [finding.kind for finding in findings] == ["both", "need"]
    assert findings[0].message == (
        "m relies on the roof for d: 90.0% of the evidence is there (other classes: 50.0%), and occluding it lowers "
        "the probability by 0.60 (other classes: 0.10)."
    )
    assert findings[1].message.startswith("m needs the sky for e, d: occluding it lowers the probability by 0.80")


def test_the_part_of_the_tutorials_claim_comes_first():
    assert default_part(("background", "grille", "Emblem (front)")) == "Emblem (front)"
    assert default_part(("background", "grille")) == "grille" and default_part(("背景",)) == "背景"
