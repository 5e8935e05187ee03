"""A transformer on the pages that look inside models."""

import pytest

from carvis.classifier import save_classifier
from tests.transformers import classifier, vit

SAMPLE = "test/red *car*/car 0.png"
PAGE = {"sample": [SAMPLE], "model": ["vit"], "data": "colours"}


@pytest.fixture
def with_transformer(own_workspace):
    names = ["red *car*", "green", "blue"]
    save_classifier(classifier(vit()).replace(class_names=names, name="vit"), own_workspace / "models" / "vit.keras")
    return own_workspace


def test_methods_of_attention_are_offered_and_drawn(with_transformer, open_page, words):
    app = open_page("heatmaps", **PAGE, method="attention-rollout")
    assert not app.exception and not app.error
    assert "Method: attention-rollout." in words(app) and "the same for every class" in words(app)
    assert "Not available" not in words(app)
    assert "gradient-attention" in app.selectbox(key="choose_method").options
    # The layer by default is the last one whose grid reaches the score.
    app = open_page("heatmaps", **PAGE)
    assert not app.exception and not app.error
    assert "b1_norm1" in [box.value for box in app.selectbox]


def test_activations_filters_and_the_models_page(with_transformer, open_page, words):
    app = open_page("activations", **PAGE)
    assert not app.exception and not app.error and "4×4" in words(app)
    assert "b1_out" in app.selectbox(key="activation_layer_vit").options
    app = open_page("filters", model=["vit"], data="colours")
    assert not app.exception and not app.error
    app = open_page("models", model=["vit"], data="colours")
    facts = " ".join(str(value) for table in app.table for value in table.value.to_numpy().ravel())
    assert not app.exception and "grid of 4x4" in facts
