"""The layers of Keras that prepare images, sounds and categories."""

from tests.compatibility.cases import IMAGE, VECTOR, Case, interpolated, on, variants

PREPROCESSING: dict[str, list[Case]] = {
    "Rescaling": [
        *variants(IMAGE, "Rescaling", {"scale": 1 / 127.5, "offset": -1}, {"scale": [1.0, 2.0, 3.0]}),
        on(IMAGE, lambda L: L.Rescaling(1 / 255), dtype="uint8"),
    ],
    "Resizing": [
        *interpolated("Resizing", 5, 7),
        *variants(IMAGE, "Resizing", {"crop_to_aspect_ratio": True}, positional=(5, 4)),
        on(IMAGE, lambda L: L.Resizing(12, 15), dtype="uint8"),
        Case((None, None, 3), call=lambda L, x: L.GlobalMaxPooling2D()(L.Resizing(6, 9)(x))),
    ],
    "CenterCrop": variants(IMAGE, "CenterCrop", positional=(5, 6)) + variants(IMAGE, "CenterCrop", positional=(9, 9)),
    "RandomCrop": [
        *variants(IMAGE, "RandomCrop", positional=(5, 6)),
        *variants(IMAGE, "RandomCrop", positional=(8, 4)),
        *variants(IMAGE, "RandomCrop", positional=(12, 12)),
    ],
    "RandomFlip": variants(IMAGE, "RandomFlip", positional=("horizontal",)),
    "RandomTranslation": variants(IMAGE, "RandomTranslation", positional=(0.1, (-0.2, 0.3))),
    "RandomRotation": variants(IMAGE, "RandomRotation", {"fill_mode": "constant"}, positional=(0.1,)),
    "RandomZoom": variants(IMAGE, "RandomZoom", positional=((-0.2, 0.1),)),
    "RandomHeight": variants(IMAGE, "RandomHeight", positional=(0.2,)),
    "RandomWidth": variants(IMAGE, "RandomWidth", positional=(0.2,)),
    "RandomContrast": variants(IMAGE, "RandomContrast", positional=((0.1, 0.2),)),
    "RandomBrightness": variants(IMAGE, "RandomBrightness", {"value_range": (0, 1)}, positional=(0.2,)),
    "Discretization": variants(VECTOR, "Discretization", {"bin_boundaries": [-0.5, 0.0, 0.5]}),
    "CategoryEncoding": [
        on((3,), lambda L: L.CategoryEncoding(4, output_mode="multi_hot"), dtype="int32"),
        on((1,), lambda L: L.CategoryEncoding(4, output_mode="one_hot"), dtype="int32"),
    ],
}
for name in [
    "RandomColorDegeneration",
    "RandomGrayscale",
    "RandomHue",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
]:
    PREPROCESSING[name] = variants(IMAGE, name, positional=(4 if name == "RandomPosterization" else 0.3,))
for name in (
    *("AugMix", "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix", "Equalization", "MixUp"),
    *("RandAugment", "RandomColorJitter", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur"),
    *("RandomInvert", "RandomPerspective", "RandomShear", "Solarization"),
):
    PREPROCESSING[name] = variants(IMAGE, name)
PREPROCESSING |= {
    "Pipeline": [on(IMAGE, lambda L: L.Pipeline([L.RandomFlip(), L.Rescaling(2.0)]))],
    "MaxNumBoundingBoxes": variants(IMAGE, "MaxNumBoundingBoxes", positional=(3,)),
    "MelSpectrogram": [on((4000,), lambda L: L.MelSpectrogram(num_mel_bins=8, fft_length=256))],
    "STFTSpectrogram": [on((400, 1), lambda L: L.STFTSpectrogram(frame_length=64, fft_length=128))],
}
