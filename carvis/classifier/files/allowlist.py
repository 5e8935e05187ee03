"""The names of Keras's own parts that a model file may hold without being trusted, and of those it may not."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
    AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization
    Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D
    Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D
    Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
    GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
    GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPool1D MaxPool2D
    MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp MultiHeadAttention Multiply
    Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
    SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
    SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
    GroupedQueryAttention MaxNumBoundingBoxes UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)
# Keras's own, but they run Python, open other programs' models, or read files that the config names.
CODE = _names("Lambda TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer")
# For text and categories; some read the files that a config names.
TEXT = _names(
    """
    DenseFeatures DynamicEmbedding DynamicLookup HashedCrossing Hashing IntegerLookup StringLookup TextVectorization
    """
)
# Of keras.applications: module and class.
APPLICATION_LAYERS = {
    "keras.src.applications.convnext": _names("LayerScale StochasticDepth"),
    "keras.src.applications.inception_resnet_v2": _names("CustomScaleLayer"),
}
# carvis's own replacements of layers that Keras 3 dropped.
OWN = _names("hard_sigmoid LocallyConnected1D LocallyConnected2D RandomFourierFeatures ImageResize")
MODELS = _names("Functional Model Sequential")
LEGACY_LAYERS = _names(
    """
    AtrousConvolution2D BatchNormalizationV1 BatchNormalizationV2 ClassMethod ConvRNN2D CuDNNGRU CuDNNLSTM
    CustomScaleLayer Deconvolution2D Highway MaxoutDense TimeDistributedDense
    InstanceMethod InstanceProperty LayerScale LocallyConnected1D LocallyConnected2D Merge RandomFourierFeatures
    RandomHeight RandomWidth SlicingOpLambda StochasticDepth SyncBatchNormalization TFOpLambda TensorFlowOpLayer
    ThresholdedReLU
    """
)
PARTS = _names(
    """
    Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal OrthogonalInitializer
    Identity IdentityInitializer GlorotUniform GlorotNormal HeNormal HeUniform LecunNormal LecunUniform
    L1 L2 L1L2 OrthogonalRegularizer MaxNorm NonNeg UnitNorm MinMaxNorm
    Policy PolicyV1 DTypePolicy FloatDTypePolicy DTypePolicyMap TensorShape
    QuantizedDTypePolicy QuantizedFloat8DTypePolicy Int8QuantizationConfig Int4QuantizationConfig
    Float8QuantizationConfig AbsMaxQuantizer Int4DTypePolicy
    """
)
ACTIVATIONS = _names(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
    log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
    sparsemax squareplus swish tanh tanh_shrink threshold
    """
)
VALUES = _names("__keras_tensor__ __tensor__ __numpy__ __ellipsis__ __slice__ __bytes__ __tuple__")
