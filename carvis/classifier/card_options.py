"""The facts of a model card that are chosen from a list, and a sentence on each choice; this module loads no Keras."""

from carvis.language import N_

_PREPROCESSING: dict[str, str] = {
    "unit": N_("divided by 255, to [0, 1]"),
    "caffe": N_("BGR minus the ImageNet mean, as for VGG16 and ResNet50"),
    "tf": N_("scaled to [-1, 1], as for MobileNet"),
    "torch": N_("normalised by the ImageNet mean and standard deviation, as for PyTorch models"),
    "none": N_("unchanged, 0 to 255; the model scales them itself"),
}
_RESIZE: dict[str, str] = {
    "nearest": N_("nearest neighbour, as Keras' load_img"),
    "bilinear": N_("bilinear, as tf.image.resize"),
    "bicubic": N_("bicubic"),
    "area": N_("area averaging"),
}
_OUTPUT: dict[str, str] = {
    "probability": N_("probabilities, used as they are"),
    "independent": N_("one independent probability per class, used as it is"),
    "share": N_("values that do not sum to 1, divided by their sum"),
    "logit": N_("logits; softmax (sigmoid for a single output) gives the probabilities"),
    "independent-logit": N_("one independent logit per class; sigmoid gives the probabilities"),
    "log-probability": N_("log probabilities"),
    "signed": N_("scores from -1 to 1; (1 + x) / 2 gives the probabilities"),
}
_ALPHA: dict[str, str] = {
    "drop-alpha": N_("alpha channel dropped, as Keras' load_img"),
    "on-white": N_("transparent images on white"),
    "on-black": N_("transparent images on black"),
}
_ORIENTATION: dict[str, str] = {
    "as-stored": N_("EXIF orientation ignored, as Keras' load_img"),
    "upright": N_("rotated by the EXIF orientation"),
}

CARD_OPTIONS: dict[str, dict[str, str]] = {
    "preprocessing": _PREPROCESSING,
    "resize": _RESIZE,
    "alpha": _ALPHA,
    "orientation": _ORIENTATION,
    "output": _OUTPUT,
}
