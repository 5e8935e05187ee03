"""What heatmaps and patterns take from a Keras model: outputs and gradients of layers, models below a layer."""
