"""How similar the heatmaps of several models are, and the images on which they differ most."""
