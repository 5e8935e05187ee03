"""What the command line says of a transformer, and how the grid of its tokens is given."""

import json

from PIL import Image

from carvis.classifier import save_classifier
from carvis.cli import main
from carvis.explain import Heatmap
from tests.transformers import classifier, noise, vit


def test_summary_says_the_grid_and_the_card_keeps_one_that_is_given(tmp_path, capsys):
    model = str(save_classifier(classifier(vit()), tmp_path / "vit.keras"))
    assert main(["summary", model]) == 0
    out = capsys.readouterr().out
    assert "explained by default: b1_norm1" in out
    assert "The 17 tokens of b1_norm1 lie on a grid of 4x4: read from the model's graph." in out
    # An oblong grid of the same tokens, which the graph does not know.
    assert main(["summary", model, "--token-grid", "2x8", "--extra-tokens", "1", "--save-card"]) == 0
    assert "grid of 2x8: as given" in capsys.readouterr().out
    card = json.loads((tmp_path / "vit.json").read_text(encoding="utf-8"))
    assert (card["token_grid"], card["extra_tokens"]) == ([2, 8], 1)
    assert main(["summary", model]) == 0 and "grid of 2x8: as given" in capsys.readouterr().out
    assert main(["summary", model, "--token-grid", "none"]) != 0
    assert "none is not a grid of tokens" in capsys.readouterr().err


def test_heatmaps_by_attention(tmp_path, capsys):
    model = str(save_classifier(classifier(vit()), tmp_path / "vit.keras"))
    image = tmp_path / "image.png"
    Image.fromarray(noise(1)[0]).save(image)
    out = tmp_path / "out"
    assert main(["heatmaps", model, str(image), "--method", "gradient-attention", "--out", str(out)]) == 0
    [file] = out.rglob("*.npz")
    heatmap = Heatmap.load(file)
    assert (heatmap.method, heatmap.layer, heatmap.raw.shape) == ("gradient-attention", "input", (4, 4))
    assert heatmap.notes[0].startswith("The 17 tokens of norm lie on a grid of 4x4")
