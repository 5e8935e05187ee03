"""Backdrops indoors: garage, studio, and the showroom of one invented dealer."""

import cv2
import numpy as np

from carvis.demo.canvas import SIZE, Canvas, mix, vary

DEALER = "HALVERIN AUTO"


def garage(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """Concrete walls with a painted band, pillars and strip lights."""
    wall = vary((150, 150, 146), rng, 10)
    back = rng.uniform(5.0, 8.0)
    band = ((190, 60, 50), (60, 110, 160), (214, 170, 60), (70, 130, 90))[rng.integers(4)]
    floor = vary((132, 132, 130), rng, 9)
    canvas.gradient(0, SIZE, wall * 0.55, wall * 0.55)
    canvas.surface([(back, -30, 0), (back, 30, 0), (back, 30, 3.0), (back, -30, 3.0)], wall)
    canvas.surface([(back, -30, 0), (back, 30, 0), (back, 30, 0.9), (back, -30, 0.9)], mix(wall, band, 0.75))
    canvas.surface([(back, -30, 0.9), (back, 30, 0.9), (back, 30, 1.0), (back, -30, 1.0)], (232, 232, 228))
    for up in np.arange(1.4, 3.0, 0.5):
        canvas.surface([(back, -30, up), (back, 30, up), (back, 30, up + 0.02), (back, -30, up + 0.02)], wall * 0.86)
    lamp = canvas.tint
    canvas.tint = np.maximum(lamp, 0.9)
    for across in np.arange(-9, 10, 4.5) + rng.uniform(-1, 1):
        canvas.surface(
            [
                (back - 1, across, 2.9),
                (back - 1, across + 2.2, 2.9),
                (back - 4, across + 2.2, 2.9),
                (back - 4, across, 2.9),
            ],
            (250, 250, 244),
        )
    canvas.tint = lamp
    canvas.floor([(back, -40), (back, 40), (-9, 40), (-9, -40)], floor)
    for across in np.arange(-10.4, 11, 2.6) + rng.uniform(-0.4, 0.4) + 1.3:
        canvas.floor([(-2.6, across), (-2.6, across + 0.1), (back, across + 0.1), (back, across)], (226, 206, 96))
    for across in np.arange(-15, 16, 5.0) + rng.uniform(-1.5, 1.5):
        if abs(across) > 1.2 or rng.random() < 0.4:
            for left, right, tone in ((0, 0.28, 0.92), (0.28, 0.55, 0.74)):
                canvas.surface(
                    [
                        (back - 0.6, across + left, 0),
                        (back - 0.6, across + right, 0),
                        (back - 0.6, across + right, 3.0),
                        (back - 0.6, across + left, 3.0),
                    ],
                    wall * tone,
                )
                canvas.surface(
                    [
                        (back - 0.6, across + left, 0.5),
                        (back - 0.6, across + right, 0.5),
                        (back - 0.6, across + right, 1.1),
                        (back - 0.6, across + left, 1.1),
                    ],
                    np.array(band) * tone,
                )
    foot = canvas.pixel(back, 0)[1]
    canvas.speckle(foot, rng, 2.5)


def studio(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """A seamless paper backdrop with a pool of light."""
    tones = ((214, 214, 212), (176, 182, 190), (120, 124, 130), (206, 196, 182), (150, 166, 178), (84, 88, 96))
    tone = vary(tones[rng.integers(len(tones))], rng, 6)
    bend = canvas.pixel(4.0, 0)[1]
    canvas.gradient(0, bend, tone * 0.80, tone * 1.04)
    canvas.gradient(bend, SIZE, tone * 1.04, tone * 0.86)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    pool = np.exp(-(((x - rng.uniform(80, 176)) / 120) ** 2 + ((y - bend + 20) / 70) ** 2))[..., None]
    canvas.image[...] = np.clip(canvas.image * (0.9 + 0.2 * pool), 0, 255)


def showroom(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """The dealer's wall: teal panels, an orange band with the dealer's sign, a tiled floor, a plant."""
    back = rng.uniform(4.6, 5.4)
    shift = rng.uniform(-1.2, 1.2)
    canvas.gradient(0, SIZE, (216, 222, 222), (216, 222, 222))
    canvas.surface([(back, -30, 0), (back, 30, 0), (back, 30, 3.6), (back, -30, 3.6)], (40, 128, 128))
    for across in np.arange(-12, 13, 1.5) + shift:
        canvas.surface(
            [(back, across, 0), (back, across + 0.03, 0), (back, across + 0.03, 3.6), (back, across, 3.6)],
            (30, 100, 102),
        )
    canvas.surface([(back, -30, 0), (back, 30, 0), (back, 30, 0.22), (back, -30, 0.22)], (226, 228, 226))
    canvas.surface([(back, -30, 2.55), (back, 30, 2.55), (back, 30, 2.68), (back, -30, 2.68)], (238, 134, 44))
    canvas.surface([(back, -30, 1.18), (back, 30, 1.18), (back, 30, 1.24), (back, -30, 1.24)], (238, 134, 44))
    for across in (-4.6, 0.0, 4.6):
        _sign(canvas, back - 0.05, across + shift)
    for across in (-2.5, 2.4):
        foot, top = canvas.pixel(back - 0.5, across + shift), canvas.pixel(back - 0.5, across + shift, 1.5)
        tall = foot[1] - top[1]
        for slant in np.linspace(-0.34, 0.34, 7):
            canvas.polygon(
                [
                    (foot[0] - 1, foot[1] - 0.25 * tall),
                    (foot[0] + 1, foot[1] - 0.25 * tall),
                    (foot[0] + slant * tall, top[1] + abs(slant) * tall * 0.9),
                ],
                (62, 122, 64),
            )
        canvas.box(foot[0] - 0.11 * tall, foot[1] - 0.32 * tall, foot[0] + 0.11 * tall, foot[1], (240, 240, 238))
    canvas.floor([(back, -40), (back, 40), (-9, 40), (-9, -40)], (196, 200, 202))
    for line in np.arange(-6, back, 1.0):
        canvas.floor([(line, -40), (line, 40), (line + 0.025, 40), (line + 0.025, -40)], (172, 176, 178))
    for across in np.arange(-14, 15, 1.0) + shift:
        canvas.floor([(-8, across), (-8, across + 0.025), (back, across + 0.025), (back, across)], (172, 176, 178))


def _sign(canvas: Canvas, back: float, across: float) -> None:
    """The dealer's board with its name, laid into the image by the board's four corners."""
    board = np.full((72, 420, 3), (246, 246, 242), np.uint8)
    cv2.rectangle(board, (0, 0), (71, 71), (238, 134, 44), -1)
    cv2.fillPoly(board, [np.array([(14, 58), (36, 12), (58, 58), (36, 44)], np.int32)], (255, 255, 255), cv2.LINE_AA)
    cv2.putText(board, DEALER, (84, 51), cv2.FONT_HERSHEY_SIMPLEX, 1.25, (24, 84, 88), 5, cv2.LINE_AA)
    corners = [canvas.pixel(back, across + u, up) for u, up in ((-1.75, 2.4), (1.75, 2.4), (1.75, 1.8), (-1.75, 1.8))]
    source = np.array([(0, 0), (420, 0), (420, 72), (0, 72)], np.float32)
    warp = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    tinted = np.clip(board * canvas.tint, 0, 255).astype(np.uint8)
    cv2.warpPerspective(tinted, warp, (SIZE, SIZE), canvas.image, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT)


INDOORS = {"garage": garage, "studio": studio, "showroom": showroom}
