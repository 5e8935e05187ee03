"""The heatmap methods by name, and what they need of a model."""

from carvis.explain.methods import cam, perturbation

METHODS = cam.METHODS | perturbation.METHODS
TAKES_LAYER = {*cam.METHODS, "score-cam"}
# They ask for the score's gradient by the pixels.
GRADIENT_AT_INPUT = {"smoothgrad", "integrated-gradients"}
