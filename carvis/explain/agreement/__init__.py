"""How alike the heatmaps of several models are, and the images on which they differ most."""
