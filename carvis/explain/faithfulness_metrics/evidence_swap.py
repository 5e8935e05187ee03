"""Evidence swap: does one model need the evidence of another one?"""

import numpy as np
import pandas as pd

from carvis.classifier import Classifier
from carvis.explain.faithfulness_metrics.deletion_insertion import STEPS, Fill, erase, trace
from carvis.explain.faithfulness_metrics.scores import class_scores
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import Image, as_seen
from carvis.images import turned_as_stored

# Shares of next to no confidence mean nothing.
LEAST_CONFIDENCE = 0.001


def evidence_swap(
    classifiers: dict[str, Classifier],
    image: Image,
    maps: dict[str, Heatmap],
    *,
    steps: int = STEPS,
    fill: Fill = "blur",
    seed: int = 0,
) -> pd.DataFrame:
    """Erase an image in the order of each model's heatmap, and score what is left by each model.

    Args:
        classifiers: the models, by name.
        image: uint8 (H, W, 3) or (H, W, 1), in the frame of the heatmaps; or a file, or its bytes, which each model
            reads in its own way.
        maps: the heatmap of each model, by the same names; a model is scored for the class its own heatmap explains.
        steps, fill, seed: as ``faithfulness``.

    Returns:
        (n, n), rows the model whose heatmap is followed, columns the model that scores: the share of its confidence
        that is lost on average over the deletion curve. NaN in the row of a heatmap without evidence, and where a model
        gives its class less than 0.1 % to begin with.
    """
    table = pd.DataFrame(np.nan, index=pd.Index(maps, name="map of"), columns=pd.Index(maps, name="scored by"))
    for scorer, own_map in maps.items():
        clf, turn = classifiers[scorer], own_map.turn
        prepared = clf.prepare([as_seen(clf, image, turn)])[0]
        erased = erase(prepared, fill, clf.black_image(prepared.shape[:2]))
        scores = class_scores(clf, own_map.target, own_map.against)
        for owner, heatmap in maps.items():
            if heatmap.status == "ok":
                curves = trace(scores, prepared, erased, turned_as_stored(heatmap.raw, turn), steps, seed)
                intact = float(curves.deletion[0])
                if intact >= LEAST_CONFIDENCE:
                    table.loc[owner, scorer] = 1 - curves.deletion_area / intact
    return table
