"""The heatmap methods by name, and which of them look at a layer."""

from carvis.explain import cam, probing

METHODS = cam.METHODS | probing.METHODS
TAKES_LAYER = {*cam.METHODS, "score-cam"}
