"""The heatmap methods by name: every entry of the modules here, in the order in which they are offered."""

from carvis.explain.methods import attention, cam, gradient, perturbation
from carvis.explain.methods.method import Method

METHODS: dict[str, Method] = {
    method.name: method for module in (cam, attention, perturbation, gradient) for method in module.METHODS
}
