"""Evidence swap: does one model need what another one looks at?"""

import numpy as np
import pandas as pd

from carvis.classifier import Classifier
from carvis.explain.faithfulness_metrics.deletion_insertion import STEPS, erase, trace
from carvis.explain.faithfulness_metrics.scores import class_scores
from carvis.explain.heatmap import Heatmap
from carvis.explain.input_frame import Image, as_seen
from carvis.images import turned_as_stored

# Shares of next to no confidence say nothing.
LEAST_CONFIDENCE = 0.001


def evidence_swap(
    classifiers: dict[str, Classifier],
    image: Image,
    maps: dict[str, Heatmap],
    *,
    steps: int = STEPS,
    fill: str = "blur",
    seed: int = 0,
) -> pd.DataFrame:
    """Erase a picture in the order of each model's map, and let each model judge what is left.

    Args:
        classifiers: the models, by name.
        image: uint8 (H, W, 3) or (H, W, 1), in the frame of the maps; or a file, or its bytes, which each model reads
            in its own way.
        maps: the heatmap of each model, by the same names; a model is scored for the class its own map explains.
        steps, fill, seed: as ``faithfulness``.

    Returns:
        (n, n), rows the model whose map is followed, columns the model that judges: the share of its confidence that
        is lost on average over the deletion curve. NaN in the row of a map without evidence, and where a model gives
        its class less than 0.1 % to begin with.
    """
    table = pd.DataFrame(np.nan, index=pd.Index(maps, name="map of"), columns=pd.Index(maps, name="scored by"))
    for judge, clf in ((name, classifiers[name]) for name in maps):
        turn = maps[judge].turn
        prepared = clf.prepare([as_seen(clf, image, turn)])[0]
        erased = erase(prepared, fill, clf.black_image(prepared.shape[:2]))
        scores = class_scores(clf, maps[judge].target, maps[judge].against)
        for owner, heatmap in maps.items():
            if heatmap.status == "ok":
                curves = trace(scores, prepared, erased, turned_as_stored(heatmap.raw, turn), steps, seed)
                whole = float(curves.deletion[0])
                if whole >= LEAST_CONFIDENCE:
                    table.loc[owner, judge] = 1 - curves.deletion_area / whole
    return table
