"""Page Image map: choices and their links, the gallery, sets, colours, two models; the browser draws the points."""

import base64
import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carvis.tags import ImageSets, Tags

N = 32
pytestmark = pytest.mark.usefixtures("unasked")


@pytest.fixture
def ids(own_workspace) -> list[str]:
    from carvis.dataset import Dataset

    samples = Dataset(own_workspace / "data" / "colours").samples("test")
    return [sample for sample in samples["id"] if "broken" not in sample]


@pytest.fixture(autouse=True)
def fresh_caches():
    """What one test made of its embeddings is not taken for another's."""
    from ui.image_map import chosen, cluster_list, layouts, spaces
    from ui.state import embeddings

    of_maps = (embeddings._stored, spaces._space, spaces._rows, layouts._opened, layouts._aligned_once)
    for cached in (*of_maps, cluster_list._summary_once, chosen._searched):
        cached.clear()


@pytest.fixture
def embedded(own_workspace, ids, monkeypatch):
    """Synthetic embeddings: four classes in four corners of a space of 8; model poor has its own turn of them."""
    from carvis.feature_space import Embeddings

    labels = np.array([sample.split("/")[1] for sample in ids])
    rng = np.random.default_rng(0)
    centres = {name: rng.normal(size=8) for name in sorted(set(labels))}
    vectors = np.stack([centres[label] + rng.normal(scale=0.05, size=8) for label in labels]).astype(np.float32)
    base = Embeddings(np.array(ids), labels, vectors, "head", "score-input", "good", "f" * 64, "colours", "test")
    kept = {"good": base, "poor": replace(base, model="poor", fingerprint="e" * 64, vectors=vectors[:, ::-1].copy())}

    def stored(root, place):
        dataset, split, model = place
        return kept.get(model) if (dataset, split) == ("colours", "test") else None

    monkeypatch.setattr("ui.state.embeddings.stored_embeddings", stored)
    return kept


def opened(open_page, **params):
    app = open_page("image_map", data="colours", **({"model": "good"} | params))
    assert not app.exception and not app.error
    return app


def gallery(app) -> list[str]:
    return [button.key.removeprefix("open_") for button in app.button if (button.key or "").startswith("open_")]


def drawn(app) -> tuple[dict, dict[str, np.ndarray]]:
    """The header and the arrays that the browser is sent."""
    content = next(one for one in app.get("bidi_component") if one.proto.bytes).proto.bytes
    length = int.from_bytes(content[:4], "little")
    header, rest = json.loads(content[4 : 4 + length]), content[4 + length :]
    n = header["points"]
    keys, places = np.frombuffer(rest[: 8 * n], "<f8"), np.frombuffer(rest[8 * n : 16 * n], "<f4").reshape(n, 2)
    return header, {"keys": keys, "places": places, "groups": np.frombuffer(rest[16 * n : 17 * n], np.uint8),
                    "chosen": np.frombuffer(rest[17 * n :], np.uint8)}  # fmt: skip


def test_without_features_the_page_names_the_command(own_workspace, open_page, words, monkeypatch):
    monkeypatch.setattr("ui.state.embeddings.stored_embeddings", lambda root, place: None)
    app = open_page("image_map", data="colours", model="good")
    assert not app.exception
    assert "No features of good are saved" in [info.proto.title for info in app.info]
    assert "python -m carvis evaluate" in words(app) and "good.keras" in words(app)


def test_every_image_is_a_point_known_by_its_key(embedded, ids, open_page):
    from ui.image_map.keys import keys_of

    header, arrays = drawn(opened(open_page))
    assert header["points"] == N and sorted(arrays["keys"]) == sorted(keys_of(np.array(ids)))
    assert not arrays["chosen"].any()
    assert [group["name"] for group in header["groups"]] == sorted({sample.split("/")[1] for sample in ids})
    assert all(group["count"] == "8" for group in header["groups"])
    # By its key, each point has the group of its own class.
    of_key = dict(zip(arrays["keys"], arrays["groups"]))
    for sample, key in zip(ids, keys_of(np.array(ids))):
        assert header["groups"][of_key[key]]["name"] == sample.split("/")[1]


def test_the_map_says_how_far_it_can_be_trusted_and_lists_its_clusters(embedded, open_page, words):
    app = opened(open_page)
    assert "trustworthiness" in words(app)
    table = next(frame.value for frame in app.dataframe if "Most frequent class" in frame.value)
    assert table["Images"].sum() == N


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"true": "blue"}, lambda sample: "/blue/" in sample),
        ({"find": "GREEN 3"}, lambda sample: "/green/" in sample and "3" in sample),
        ({"find": "青い"}, lambda sample: "/青い車/" in sample),
    ],
)
def test_class_and_search_choose_images_by_link(embedded, ids, open_page, params, fits):
    app = opened(open_page, **params)
    wanted = {sample for sample in ids if fits(sample)}
    assert set(gallery(app)) == wanted and wanted
    _header, arrays = drawn(app)
    assert arrays["chosen"].sum() == len(wanted)


def test_a_cluster_chooses_its_images_without_a_mouse(embedded, ids, open_page):
    app = opened(open_page)
    box = app.get_by_key("choose_cluster")
    box.select(box.options[0]).run()
    assert not app.exception and app.query_params["cluster"] == "1"
    assert len({sample.split("/")[1] for sample in gallery(app)}) == 1 and len(gallery(app)) == 8


def lassoed(app, samples, add=False):
    """Hand over what the browser does after a lasso around these images, then run the page."""
    from ui.image_map.lasso import _LASSO

    app.session_state[_LASSO] = ("colours/test", frozenset(samples))
    return app.run()


def test_a_lasso_fills_the_gallery_and_is_saved_as_a_set_that_a_link_opens(embedded, ids, open_page, own_workspace):
    app = opened(open_page)
    assert not gallery(app)
    lassoed(app, ids[:5])
    assert set(gallery(app)) == set(ids[:5])
    assert "image_set" not in app.query_params and all(sample not in str(app.query_params) for sample in ids)
    app.text_input(key="new_set_name").set_value("my <b>odd</b> *ones*")
    app.button(key="save_set_now").click().run()
    assert not app.exception and not app.error
    assert app.query_params["image_set"] == "my <b>odd</b> *ones*"
    kept = ImageSets(own_workspace / "data" / "tags.sqlite")
    assert kept.ids("colours", "my <b>odd</b> *ones*") == tuple(sorted(ids[:5]))
    other = opened(open_page, image_set="my <b>odd</b> *ones*")
    assert set(gallery(other)) == set(ids[:5])
    # Narrowed by class, a set keeps its name in the link.
    of_class = ids[0].split("/")[1]
    assert set(gallery(opened(open_page, image_set="my <b>odd</b> *ones*", true=of_class))) <= set(ids[:5])


def test_a_set_is_not_replaced_unasked_and_can_be_deleted(embedded, ids, open_page, own_workspace):
    kept = ImageSets(own_workspace / "data" / "tags.sqlite")
    kept.save("colours", "odd", ids[:2])
    app = lassoed(opened(open_page), ids[:5])
    app.text_input(key="new_set_name").set_value("odd")
    app.button(key="save_set_now").click().run()
    assert kept.ids("colours", "odd") == tuple(sorted(ids[:2]))
    app.button(key="replace_set").click().run()
    assert kept.ids("colours", "odd") == tuple(sorted(ids[:5])) and app.query_params["image_set"] == "odd"
    app.button(key="delete_set").click().run()
    assert kept.counts("colours") == {} and "image_set" not in app.query_params


def test_a_link_to_a_set_that_is_gone_says_so(embedded, open_page):
    app = open_page("image_map", data="colours", model="good", image_set="<script>gone</script>")
    assert not app.exception and not gallery(app)
    assert "There is no set" in app.error[0].value


def test_the_gallery_opens_large_and_leads_to_heatmaps(embedded, ids, open_page):
    app = opened(open_page, true="blue")
    first, second = gallery(app)[:2]
    app.button(key=f"open_{first}").click().run()
    assert not app.exception and app.query_params["open"] == first and app.query_params["true"] == "blue"
    app.button(key="step_1").click().run()
    assert app.query_params["open"] == second
    app = opened(open_page, true="blue")
    app.checkbox(key=f"pick_{first}").check().run()
    assert app.query_params["sample"] == first and app.button(key="show_heatmaps")


@pytest.mark.parametrize(
    "by", ["true", "predicted", "right", "confidence", "disagreement", "tag", "split", "duplicates", "cluster"]
)
def test_every_colouring_draws_every_image(embedded, open_page, by):
    header, arrays = drawn(opened(open_page, colour_by=by))
    assert header["points"] == N and arrays["groups"].max() < len(header["groups"])
    counts = [int(group["count"].replace(",", "")) for group in header["groups"]]
    assert sum(counts) == N == len(arrays["groups"])
    assert counts == np.bincount(arrays["groups"], minlength=len(counts)).tolist()


def test_wrong_predictions_have_a_mark_of_their_own(embedded, open_page, own_workspace):
    from carvis.evaluation import load_evaluation

    wrong = load_evaluation(own_workspace / "data" / "evaluations" / "colours" / "test" / "poor").misclassified()
    header, _arrays = drawn(opened(open_page, model="poor", colour_by="right"))
    groups = {group["name"]: group for group in header["groups"]}
    assert groups["Wrong"]["count"] == str(len(wrong)) and groups["Wrong"]["mark"] != groups["Correct"]["mark"]


def test_tagged_images_form_a_group(embedded, ids, open_page, own_workspace):
    from carvis.workspace import sha256_of_file
    from ui.image_map.keys import keys_of

    Tags(own_workspace / "data" / "tags.sqlite").tag(
        "colours", ids[3], sha256_of_file(own_workspace / "data" / "colours" / ids[3]), "blurred"
    )
    header, arrays = drawn(opened(open_page, colour_by="tag"))
    groups = {group["name"]: (place, group["count"]) for place, group in enumerate(header["groups"])}
    assert groups["blurred"][1] == "1" and groups["No tag"][1] == str(N - 1)
    [key] = arrays["keys"][arrays["groups"] == groups["blurred"][0]]
    assert key == keys_of(np.array(ids))[3]


def test_near_duplicates_form_a_group_once_the_images_were_checked(embedded, ids, open_page, own_workspace):
    from carvis.dataset import Dataset
    from carvis.dataset.health import check_dataset
    from ui.image_map.keys import keys_of
    from ui.state import health_checks

    folder = own_workspace / "data" / "colours"
    (folder / ids[1]).write_bytes((folder / ids[0]).read_bytes())
    health = check_dataset(Dataset(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health_checks, "kept", lambda dataset: health)
        header, arrays = drawn(opened(open_page, colour_by="duplicates"))
    groups = [group for group in header["groups"] if group["name"].startswith("Group ")]
    assert groups and groups[0]["name"] == f"Group 1: {groups[0]['count']} images"
    of_key = dict(zip(arrays["keys"], arrays["groups"]))
    first, second = (of_key[key] for key in keys_of(np.array(ids[:2])))
    assert first == second and header["groups"][first]["name"].startswith("Group ")


def test_two_models_lie_side_by_side_with_lines_between_the_same_images(embedded, ids, open_page, words):
    app = opened(open_page, model=["good", "poor"])
    header, arrays = drawn(app)
    assert header["points"] == 2 * N and [title["text"] for title in header["titles"]] == ["good", "poor"]
    lines = np.array(header["lines"])
    assert 0 < len(lines) <= 30
    of_place = {tuple(np.round(place, 5)): key for place, key in zip(arrays["places"].astype(float), arrays["keys"])}
    for start, end in lines:
        assert of_place[tuple(np.round(start, 5))] == of_place[tuple(np.round(end, 5))]
    # The clouds do not overlap.
    middle = (lines[:, 0, 0].max() + lines[:, 1, 0].min()) / 2
    assert (arrays["places"][:, 0] < middle).sum() == N
    app.button(key="show_moved").click().run()
    assert app.query_params["moved"] == "most" and len(gallery(app)) == min(24, len(lines))


def test_more_images_than_can_be_drawn_are_sampled_and_search_covers_all(embedded, ids, open_page, words, monkeypatch):
    from ui.image_map import spaces

    monkeypatch.setattr(spaces.sample, "__defaults__", (10,))
    app = opened(open_page, true="blue")
    header, _arrays = drawn(app)
    assert header["points"] == 10 and "10 of 32 images are drawn" in words(app)
    assert len(gallery(app)) == 8
    assert spaces.sample(32).tolist() == spaces.sample(32).tolist() == sorted(set(spaces.sample(32).tolist()))


def test_what_takes_long_to_lay_out_is_laid_out_on_request(embedded, open_page, monkeypatch):
    monkeypatch.setenv("CARVIS_UNASKED_SECONDS", "0")
    app = opened(open_page)
    assert not app.get("bidi_component") or not any(one.proto.bytes for one in app.get("bidi_component"))
    app.button(key="map_begin").click().run()
    assert not app.exception and drawn(app)[0]["points"] == N
    # A new session finds it at once.
    assert drawn(opened(open_page))[0]["points"] == N


def test_keys_stand_for_ids_alone():
    from ui.image_map.keys import keys_of

    ids = np.array([f"test/class {i % 7}/car {i}.jpg" for i in range(5_000)])
    keys = keys_of(ids)
    assert len(np.unique(keys)) == 5_000 and (keys < 2**53).all() and (keys == np.floor(keys)).all()
    order = np.random.default_rng(0).permutation(5_000)
    assert (keys_of(ids[order]) == keys[order]).all()


def test_keys_of_no_image_here_stand_for_none(embedded):
    from ui.image_map.spaces import Space

    ids = np.array(["test/a/1.jpg", "test/b/2.jpg", "test/c/3.jpg"])
    space = Space("good", "", "colours", ("test",), "score-input", ids, ids, np.zeros((3, 2), np.float32), np.arange(3))
    assert space.ids_of(space.keys[[2, 0]]) == ("test/a/1.jpg", "test/c/3.jpg")
    assert space.ids_of(np.array([-1.0, np.nan, 7.0])) == ()


@pytest.mark.parametrize("text", [None, "", "***", 7, base64.b64encode(b"123").decode(), {"a": 1}])
def test_damaged_keys_of_a_browser_choose_nothing(text):
    from ui.image_map.scatter import unpacked

    assert len(unpacked(text)) == 0


def test_keys_come_back_as_they_were_sent():
    from ui.image_map.scatter import unpacked

    keys = np.array([3.0, 2.0**52 - 1, 0.0])
    assert unpacked(base64.b64encode(keys.astype("<f8").tobytes()).decode()).tolist() == keys.tolist()


def test_groups_differ_in_colour_or_mark_and_neighbours_in_colour():
    from ui.image_map.palette import MOST_GROUPS, look

    for dark in (False, True):
        looks = [look(place, dark) for place in range(MOST_GROUPS)]
        assert len(set(looks)) == MOST_GROUPS >= 50
        assert all(one[0] != other[0] for one, other in itertools.pairwise(looks))


def test_of_many_classes_the_most_frequent_have_a_colour_of_their_own():
    from ui.image_map import groups, palette

    names = [f"class {i:03d}" for i in range(palette.MOST_GROUPS + 4)]
    rows = pd.DataFrame({"label": names * 2 + names[: palette.MOST_GROUPS], "predicted": None})
    often = groups.frequent_classes(rows)
    assert len(often) == palette.MOST_GROUPS and set(often) == set(names[: palette.MOST_GROUPS])


def test_a_search_needs_all_words_in_any_case():
    from ui.image_map.chosen import search

    rows = pd.DataFrame({"id": ["test/A/x 1.jpg", "test/B/x 2.jpg"], "label": ["Golf", "Polo"],
                         "predicted": ["Polo", None]})  # fmt: skip
    assert search(rows, "polo X").tolist() == [True, True]
    assert search(rows, "golf polo").tolist() == [True, False]
    assert search(rows, ".*").tolist() == [False, False]


def test_duplicates_are_coloured_once_the_images_were_checked(embedded, open_page, words, own_workspace):
    app = opened(open_page, colour_by="duplicates")
    assert "check the images on page Data" in words(app)
