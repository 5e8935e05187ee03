"""Changes of training images as photographs of cars differ: side, framing, light; never upside down."""

import tensorflow as tf

AREA = (0.72, 1.0)
ASPECT = 0.08
DEGREES = 3.0
BRIGHTNESS = 0.25
CONTRAST = 0.25
SATURATION = 0.5
TINT = 0.06


def draw_views(count: int, seed: int, view: int | tf.Tensor) -> tf.Tensor:
    """Draw how each of ``count`` images changes in one view: (count, 12), uniform, a row an image.

    An image's view depends on nothing else, so that it is the same in any batch, cached or computed again.
    """
    return tf.random.stateless_uniform((count, 12), (seed, view))


def augment(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Mirror, crop, tilt by a few degrees and relight a batch, each image its own way.

    Args:
        images: float32 (N, H, W, C), 0 to 255.
        draws: (N, 12), rows of ``draw_views``.

    Returns:
        float32 (N, H, W, C), 0 to 255.
    """
    return relight(reframe(images, draws[:, :6]), draws[:, 6:])


def reframe(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Show a part of 72 to 100 % of the area, mirrored or not, slightly tilted; ``draws`` uniform (N, 6)."""
    height = tf.cast(tf.shape(images)[1], tf.float32)
    width = tf.cast(tf.shape(images)[2], tf.float32)
    side = tf.sqrt(AREA[0] + (AREA[1] - AREA[0]) * draws[:, 0])
    stretch = tf.exp(ASPECT * (2 * draws[:, 1] - 1))
    zoom_x = tf.minimum(side * stretch, 1.0)
    zoom_y = tf.minimum(side / stretch, 1.0)
    angle = (2 * draws[:, 2] - 1) * DEGREES * 3.14159265 / 180
    mirror = tf.where(draws[:, 3] < 0.5, 1.0, -1.0)
    # Output to input about the centres: the window lies anywhere inside the image.
    centre_x = (width - 1) / 2 + (draws[:, 4] - 0.5) * (1 - zoom_x) * width
    centre_y = (height - 1) / 2 + (draws[:, 5] - 0.5) * (1 - zoom_y) * height
    a, b = mirror * zoom_x * tf.cos(angle), -zoom_y * tf.sin(angle)
    d, e = mirror * zoom_x * tf.sin(angle), zoom_y * tf.cos(angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    c = centre_x - a * middle_x - b * middle_y
    f = centre_y - d * middle_x - e * middle_y
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def relight(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Change brightness, contrast, saturation and the tint of the light; ``draws`` uniform (N, 6)."""
    draws = draws[:, None, None, :]
    grey = tf.reduce_mean(images, axis=3, keepdims=True)
    middle = tf.reduce_mean(grey, axis=(1, 2), keepdims=True)
    images = grey + (images - grey) * (1 + SATURATION * (2 * draws[..., 0:1] - 1))
    images = middle + (images - middle) * (1 + CONTRAST * (2 * draws[..., 1:2] - 1))
    images = images * (1 + BRIGHTNESS * (2 * draws[..., 2:3] - 1))
    if images.shape[-1] == 3:
        images = images * (1 + TINT * (2 * draws[..., 3:6] - 1))
    return tf.clip_by_value(images, 0.0, 255.0)
