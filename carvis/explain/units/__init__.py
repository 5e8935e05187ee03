"""Single channels of a layer: their activations, top images, spectra, and what fine-tuning changed in them."""
