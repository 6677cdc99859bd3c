"""What a fake camera shows of a hand: three gestures, moving, turning, in a room; and which of them is on.

A strip at the left edge, which the centre square leaves out, tells by its colour which gesture is shown. It
goes dark before the next gesture comes, so that a page that is slow to stop does not record that one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from fake_camera import to_yuv420
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page

WIDTH, HEIGHT = 320, 240
FRAMES_A_SECOND = 10
SECONDS = 4
"""How long each gesture is shown."""

DARK_SECONDS = 1.5
"""How long before its end the strip goes dark."""

EVERY = 50
"""How often the strip is looked at, in milliseconds. Every frame of the screen would be dear to the page."""

GESTURES = {"Palm": (255, 0, 0), "Fist": (0, 255, 0), "Point": (0, 0, 255)}
"""With the colour of the strip, RGB."""

FINGERS = {
    "Palm": [(-42, 1.0), (-16, 1.15), (6, 1.2), (28, 1.05), (68, 0.75)],
    "Fist": [],
    "Point": [(6, 1.3)],
}
"""Where each finger points, in degrees from upwards, and how long it is."""

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

SHOWN = """
  const shows = (wanted) => {
    const video = document.querySelector('video');
    if (!video || video.readyState < 2) return false;
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext('2d');
    context.drawImage(video, 4, video.videoHeight / 2, 4, 4, 0, 0, 1, 1);
    const rgb = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    return rgb.every((value, at) => (value > 127) === (wanted[at] > 127));
  };
  const count = (number) => Number(document.querySelectorAll('.class .count')[number - 1].textContent);
"""


def wait_until_shown(page: Page, gesture: str) -> None:
    """Until the page's camera shows a gesture."""
    shown = f"(wanted) => {{ {SHOWN} return shows(wanted); }}"
    page.wait_for_function(shown, arg=list(GESTURES[gesture]), polling=EVERY)


def write_gestures(path: Path) -> None:
    """A Y4M file in which the gestures follow one another."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode("ascii"))
        for pixels in frames():
            file.write(b"FRAME\n" + to_yuv420(pixels))


def frames() -> Iterator[Pixels]:
    """uint8 [240, 320, 3], each once."""
    room = _room()
    for gesture in GESTURES:
        for number in range(FRAMES_A_SECOND * SECONDS):
            yield draw(gesture, number / FRAMES_A_SECOND, room)


def draw(gesture: str, time: float, room: Image.Image | None = None) -> Pixels:
    """One frame: the hand moves in circles, turns, comes closer and goes away."""
    picture = (room or _room()).copy()
    hand = Image.new("RGBA", (480, 800))
    brush = ImageDraw.Draw(hand)
    skin, shade = (222, 170, 134, 255), (176, 120, 88, 255)
    brush.rounded_rectangle((205, 300, 275, 830), 30, fill=skin, outline=shade, width=4)
    for angle, length in FINGERS[gesture]:
        _finger(hand, angle, 118 * length, skin, shade)
    brush.ellipse((165, 190, 315, 345), fill=skin, outline=shade, width=4)
    if gesture != "Palm":
        for x in range(180, 300, 30):
            brush.rounded_rectangle((x, 205, x + 28, 275), 13, fill=skin, outline=shade, width=4)
    turned = hand.rotate(14 * math.sin(1.7 * time), resample=Image.Resampling.BICUBIC, center=(240, 260))
    size = int(220 + 45 * math.sin(1.1 * time + 1))
    near = turned.resize((size, size * 800 // 480), Image.Resampling.BICUBIC).filter(
        ImageFilter.GaussianBlur(0.6)
    )
    x = int(WIDTH / 2 + 28 * math.cos(1.3 * time) - size / 2)
    y = int(HEIGHT / 2 + 16 * math.sin(1.9 * time) - size * 0.5)
    picture.paste(near, (x, y), near)
    mark = GESTURES[gesture] if time < SECONDS - DARK_SECONDS else (0, 0, 0)
    ImageDraw.Draw(picture).rectangle((0, 0, 15, HEIGHT), fill=mark)
    light = 1 + 0.12 * math.sin(2.3 * time)
    pixels = np.asarray(picture, np.float64)
    pixels[:, 16:] *= light
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _finger(hand: Image.Image, angle: float, length: float, skin: Any, shade: Any) -> None:
    layer = Image.new("RGBA", hand.size)
    brush = ImageDraw.Draw(layer)
    brush.rounded_rectangle((224, 250 - 75 - length, 256, 250), 16, fill=skin, outline=shade, width=4)
    turned = layer.rotate(-angle, resample=Image.Resampling.BICUBIC, center=(240, 262))
    hand.alpha_composite(turned)


def _room() -> Image.Image:
    """A wall with a shelf and a window, out of focus."""
    room = Image.new("RGB", (WIDTH, HEIGHT), (128, 132, 126))
    brush = ImageDraw.Draw(room)
    brush.rectangle((200, 20, 300, 120), fill=(206, 222, 232))
    brush.rectangle((40, 150, 330, 160), fill=(92, 70, 52))
    for at, colour in enumerate(
        [(150, 62, 52), (60, 92, 132), (196, 170, 92), (70, 110, 80), (110, 84, 130)]
    ):
        brush.rectangle((50 + at * 22, 100 - at % 3 * 9, 68 + at * 22, 150), fill=colour)
    return room.filter(ImageFilter.GaussianBlur(3))


def record(page: Page, gesture: str, number: int, pictures: int = 24) -> None:
    """Holds a class's key whenever a gesture is shown, until the class has so many pictures more."""
    wanted = int(page.locator(".class .count").nth(number - 1).inner_text()) + pictures
    enough = f"""([wanted, number, least]) => {{
      {SHOWN}
      return count(number) >= least || !shows(wanted);
    }}"""
    while int(page.locator(".class .count").nth(number - 1).inner_text()) < wanted:
        wait_until_shown(page, gesture)
        page.keyboard.down(str(number))
        page.wait_for_function(enough, arg=[list(GESTURES[gesture]), number, wanted], polling=EVERY)
        page.keyboard.up(str(number))


def name_classes(page: Page) -> None:
    """A class for each gesture, named after it."""
    for number, gesture in enumerate(GESTURES, 1):
        if number > 2:
            page.get_by_test_id("add-class").click()
        name = page.get_by_test_id(f"class-name-{number}")
        name.fill(gesture)
        name.press("Enter")
