"""The recipes, and the choices that a run has."""

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from carvis.architectures.recipes import RECIPES

# The schema of a run's configuration takes the names of the entries; a type checker cannot read them from there.
if TYPE_CHECKING:
    RecipeName: TypeAlias = str
else:
    RecipeName = Literal[tuple(RECIPES)]
FeaturePrecision = Literal["float32", "float16"]
CachePrecision = Literal["auto", "float32", "float16"]

# What each recipe does unless the caller decides otherwise.
DEFAULTS = RECIPES
FEATURE_PRECISIONS: tuple[FeaturePrecision, ...] = get_args(FeaturePrecision)
CACHE_PRECISIONS: tuple[CachePrecision, ...] = get_args(CachePrecision)
