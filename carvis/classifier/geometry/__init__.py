"""How the cells of a layer's output lie on the image."""
