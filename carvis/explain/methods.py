"""The heatmap methods by name, and what they need of a model."""

from carvis.explain import cam, probing

METHODS = cam.METHODS | probing.METHODS
TAKES_LAYER = {*cam.METHODS, "score-cam"}
# They ask for the score's gradient by the pixels.
GRADIENT_AT_INPUT = {"smoothgrad", "integrated-gradients"}
