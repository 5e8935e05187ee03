"""Which model files are opened at once, and which in a sandbox first."""

from pathlib import Path

from carvis.classifier.files.inspection import ModelFile, read_model_file
from carvis.classifier.files.summary import parameters
from carvis.classifier.memory_estimate import MemoryEstimate, gigabytes
from carvis.language import Message

# A VGG16 has 138 million weights and 23 layers, an InceptionResNetV2 782 layers.
MOST_WEIGHTS = 200_000_000
MOST_CALLS = 1_500
# For one image: a VGG16 takes 61 MB in all and 26 MB at its largest layer, a ResNet152 316 MB, at 15 and 11 billion
# multiplications.
MOST_STEP, MOST_TOTAL, MOST_PRODUCTS = 64_000_000, 512_000_000, 60_000_000_000
_MODELS = ("Model", "Functional", "Sequential")
# What takes no more memory and time than its outputs and weights tell.
_PLAIN = frozenset(
    """
    Activation Add AlphaDropout Average AveragePooling2D AvgPool2D BatchNormalization CenterCrop Concatenate Conv2D
    Conv2DTranspose Convolution2D Cropping2D CustomScaleLayer Dense DepthwiseConv2D Dropout ELU Flatten GaussianDropout
    GaussianNoise GlobalAveragePooling2D GlobalAvgPool2D GlobalMaxPool2D GlobalMaxPooling2D GroupNormalization Identity
    InputLayer LayerNormalization LayerScale LeakyReLU MaxPool2D MaxPooling2D Maximum Minimum Multiply Normalization
    PReLU Permute ReLU RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom
    Rescaling Reshape Resizing SeparableConv2D SeparableConvolution2D SlicingOpLambda Softmax SpatialDropout2D
    StochasticDepth Subtract TFOpLambda TensorFlowOpLayer UpSampling2D ZeroPadding2D
    AtrousConvolution2D BatchNormalizationV1 BatchNormalizationV2 Merge SyncBatchNormalization ThresholdedReLU
    GetItem TrueDivide Divide Mean Abs Negative Cast Relu Relu6 Sigmoid Silu Tanh Flip ExpandDims Squeeze
    """.split()  # noqa: SIM905
)


def sandbox_reason(path: str | Path) -> Message | None:
    """Return why a model file needs a sandbox, from its architecture alone; None where it needs none.

    Raises:
        ModelError: it would not be opened anyway.
    """
    file = read_model_file(path)
    calls = _calls(file.config)
    if calls > MOST_CALLS:
        return Message("its graph has {n} layers", n=f"{calls:,}")
    if (weights := parameters(file)) > MOST_WEIGHTS:
        return Message("it holds {n} weights ({bytes})", n=f"{weights:,}", bytes=gigabytes(4 * weights))
    if kinds := sorted(_kinds(file) - _PLAIN):
        return Message(
            "the memory that some layers need is not known from the architecture ({kinds})",
            kinds=", ".join(kinds[:3]),
        )
    return None


def size_reason(estimate: MemoryEstimate) -> Message | None:
    """Return why a model that is built, but has computed nothing yet, needs a sandbox; None where it needs none."""
    if estimate.step > MOST_STEP or estimate.total > MOST_TOTAL:
        return Message("one image needs {bytes} of memory", bytes=gigabytes(max(estimate.step, estimate.total)))
    if estimate.products > MOST_PRODUCTS:
        return Message("one image needs {n} billion multiplications", n=f"{estimate.products / 1e9:,.0f}")
    return None


def _entries(config: dict) -> list[dict]:
    inner = config["config"]
    return inner if isinstance(inner, list) else inner["layers"]


def _calls(config: dict) -> int:
    """Count the calls of layers that a graph comes to when the models in it are taken apart."""
    total = 0
    for entry in _entries(config):
        inner = _calls(entry) if entry["class_name"] in _MODELS else 1
        total += inner * max(len(entry.get("inbound_nodes") or ()), 1)
    return total


def _kinds(file: ModelFile) -> set[str]:
    kinds, pending = set(), [file.config]
    while pending:
        for entry in _entries(pending.pop()):
            if entry["class_name"] in _MODELS:
                pending.append(entry)
            else:
                kinds.add(entry["class_name"].rpartition(">")[2])
    return kinds
