"""What is known of the networks of keras.applications that serve as backbones, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

KERAS_PAGE = "keras.io/api/applications"

KERAS_FILES = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class KerasNetwork:
    """What has to be known of one network before Keras is there.

    Attributes:
        name: ours.
        function: its name in keras.applications.
        origin: where Keras fetches the file.
        file: the weights with ImageNet's classifier, in Keras's folder.
        md5: of that file, as Keras checks it; None where Keras publishes none.
        pixels: the range of values it was trained on, a key of RANGES in keras_weights.py.
        parameters: of all before the pooling.
        features: channels before the pooling.
        top1: published accuracy in percent.
        source: of that figure.
        download_megabytes: size of the file.
        stages: names of layers that end a stage, without the last.
        bare: takes `include_preprocessing=False`, so that its own scaling is left out.
    """

    name: str
    function: str
    origin: str
    file: str
    md5: str | None
    pixels: str
    parameters: int
    features: int
    top1: float
    source: str
    download_megabytes: int
    stages: tuple[str, ...]
    bare: bool = False


NETWORKS = (
    KerasNetwork(
        name="mobilenet-v2",
        function="MobileNetV2",
        origin=f"{KERAS_FILES}mobilenet_v2/",
        file="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
        md5=None,
        pixels="-1..1",
        parameters=2_257_984,
        features=1280,
        top1=71.3,
        source=KERAS_PAGE,
        download_megabytes=14,
        stages=(
            "expanded_conv_project_BN",
            "block_2_add",
            "block_5_add",
            "block_9_add",
            "block_12_add",
            "block_15_add",
            "block_16_project_BN",
        ),
    ),
    KerasNetwork(
        name="mobilenet-v3-large",
        function="MobileNetV3Large",
        origin=f"{KERAS_FILES}mobilenet_v3/",
        file="weights_mobilenet_v3_large_224_1.0_float.h5",
        md5="59e551e166be033d707958cf9e29a6a7",
        pixels="-1..1",
        parameters=2_996_352,
        features=960,
        top1=75.6,
        source="keras/src/applications/mobilenet_v3.py",
        download_megabytes=22,
        stages=(
            "expanded_conv_add",
            "expanded_conv_2_add",
            "expanded_conv_5_add",
            "expanded_conv_9_add",
            "expanded_conv_11_add",
            "expanded_conv_14_add",
        ),
        bare=True,
    ),
    KerasNetwork(
        name="mobilenet-v3-small",
        function="MobileNetV3Small",
        origin=f"{KERAS_FILES}mobilenet_v3/",
        file="weights_mobilenet_v3_small_224_1.0_float.h5",
        md5="8768d4c2e7dee89b9d02b2d03d65d862",
        pixels="-1..1",
        parameters=939_120,
        features=576,
        top1=68.1,
        source="keras/src/applications/mobilenet_v3.py",
        download_megabytes=10,
        stages=(
            "expanded_conv_project_bn",
            "expanded_conv_2_add",
            "expanded_conv_5_add",
            "expanded_conv_7_add",
            "expanded_conv_10_add",
        ),
        bare=True,
    ),
    KerasNetwork(
        name="mobilenet",
        function="MobileNet",
        origin=f"{KERAS_FILES}mobilenet/",
        file="mobilenet_1_0_224_tf.h5",
        md5=None,
        pixels="-1..1",
        parameters=3_228_864,
        features=1024,
        top1=70.4,
        source=KERAS_PAGE,
        download_megabytes=17,
        stages=(
            "conv_pw_1_relu",
            "conv_pw_3_relu",
            "conv_pw_5_relu",
            "conv_pw_8_relu",
            "conv_pw_11_relu",
            "conv_pw_12_relu",
        ),
    ),
    KerasNetwork(
        name="efficientnet-b0",
        function="EfficientNetB0",
        origin="https://storage.googleapis.com/keras-applications/",
        file="efficientnetb0.h5",
        md5="902e53a9f72be733fc0bcb005b3ebbac",
        pixels="0..255",
        parameters=4_049_571,
        features=1280,
        top1=77.1,
        source=KERAS_PAGE,
        download_megabytes=21,
        stages=(
            "block1a_project_bn",
            "block2b_add",
            "block3b_add",
            "block4c_add",
            "block5c_add",
            "block6d_add",
            "block7a_project_bn",
        ),
    ),
    KerasNetwork(
        name="efficientnet-v2-b0",
        function="EfficientNetV2B0",
        origin=f"{KERAS_FILES}efficientnet_v2/",
        file="efficientnetv2-b0.h5",
        md5="21ecbf6da12460d5c40bb2f29ceb2188",
        pixels="0..255",
        parameters=5_919_312,
        features=1280,
        top1=78.7,
        source=KERAS_PAGE,
        download_megabytes=29,
        stages=(
            "block1a_project_activation",
            "block2b_add",
            "block3b_add",
            "block4c_add",
            "block5e_add",
            "block6h_add",
        ),
    ),
    KerasNetwork(
        name="resnet50",
        function="ResNet50",
        origin=f"{KERAS_FILES}resnet/",
        file="resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        md5="2cb95161c43110f7111970584f804107",
        pixels="caffe",
        parameters=23_587_712,
        features=2048,
        top1=74.9,
        source=KERAS_PAGE,
        download_megabytes=103,
        stages=(
            "pool1_pool",
            "conv2_block3_out",
            "conv3_block4_out",
            "conv4_block6_out",
            "conv5_block2_out",
        ),
    ),
    KerasNetwork(
        name="resnet50-v2",
        function="ResNet50V2",
        origin=f"{KERAS_FILES}resnet/",
        file="resnet50v2_weights_tf_dim_ordering_tf_kernels.h5",
        md5="3ef43a0b657b3be2300d5770ece849e0",
        pixels="-1..1",
        parameters=23_564_800,
        features=2048,
        top1=76.0,
        source=KERAS_PAGE,
        download_megabytes=103,
        stages=(
            "pool1_pool",
            "conv2_block3_out",
            "conv3_block4_out",
            "conv4_block6_out",
            "conv5_block2_out",
        ),
    ),
    KerasNetwork(
        name="densenet121",
        function="DenseNet121",
        origin=f"{KERAS_FILES}densenet/",
        file="densenet121_weights_tf_dim_ordering_tf_kernels.h5",
        md5="9d60b8095a5708f2dcce2bca79d332c7",
        pixels="imagenet",
        parameters=7_037_504,
        features=1024,
        top1=75.0,
        source=KERAS_PAGE,
        download_megabytes=33,
        stages=("pool1", "pool2_pool", "pool3_pool", "pool4_pool"),
    ),
)
