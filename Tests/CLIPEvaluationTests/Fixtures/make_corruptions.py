"""What NumPy, SciPy, scikit-image, OpenCV and Pillow make of a small picture with ImageNet-C's constants.

    python make_corruptions.py      (numpy 2.4.6, scipy 1.17.1, scikit-image 0.26.0, pillow 13.0.0,
                                     opencv-python-headless 5.0.0.93)

corruptions.json    "pixels": [8, 11, 3] bytes, as all others
                    "corruptions": those that do not depend on chance, at three severities
                    "moved": ImageMagick's motion blur, which has no Python of its own
                    "resized": its shortest side brought to a length
                    "edges": a drop, [14, 18], and how far each pixel is from its edges by Canny
"""
import json
import pathlib

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import color, filters

WIDTH, HEIGHT = 11, 8
SEVERITIES = (1, 3, 5)


def as_bytes(values):
    return np.rint(np.clip(values, 0, 1) * 255).astype(int).ravel().tolist()


def picture():
    """Colors that change slowly, a little noise, a black and a gray square."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(x * 0.7 + y * 0.3), np.cos(y * 0.9), np.sin(x * 0.4 - y * 0.6)]
    values = 128 + 80 * np.stack(waves, -1) + np.random.default_rng(0).normal(0, 15, (HEIGHT, WIDTH, 3))
    pixels = np.clip(values, 0, 255).astype(np.uint8)
    pixels[1:3, 1:3] = 0
    pixels[5:7, 6:9] = 128
    return pixels


def defocused(x, radius, softness):
    reach = max(8, radius)
    across, down = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disk = (across**2 + down**2 <= radius**2).astype(np.float32)
    side = 3 if radius <= 8 else 5
    return cv2.filter2D(x, -1, cv2.GaussianBlur(disk / disk.sum(), (side, side), softness))


def zoomed(x, factor):
    kept = [int(np.ceil(side / factor)) for side in x.shape[:2]]
    start = [(side - part) // 2 for side, part in zip(x.shape, kept)]
    middle = x[start[0] : start[0] + kept[0], start[1] : start[1] + kept[1]]
    large = ndimage.zoom(middle, (factor, factor, 1), order=1)
    cut = [(now - side) // 2 for now, side in zip(large.shape, x.shape[:2])]
    return large[cut[0] : cut[0] + x.shape[0], cut[1] : cut[1] + x.shape[1]]


def zoom_blurred(x, end, step):
    factors = np.arange(1, end, step)
    return (x + sum(zoomed(x, factor) for factor in factors)) / (len(factors) + 1)


def changed(x, channel, change):
    hsv = color.rgb2hsv(x)
    hsv[..., channel] = np.clip(change(hsv[..., channel]), 0, 1)
    return color.hsv2rgb(hsv)


def pixelated(pixels, scale):
    small = Image.fromarray(pixels).resize((int(WIDTH * scale), int(HEIGHT * scale)), Image.BOX)
    return np.array(small.resize((WIDTH, HEIGHT), Image.BOX)) / 255


def moved(x, radius, sigma, degrees):
    distances = np.arange(2 * radius + 1)
    weights = np.exp(-(distances**2) / (2 * sigma**2))
    angle = np.deg2rad(degrees)
    y, columns = np.mgrid[:HEIGHT, :WIDTH]
    result = 0
    for distance, weight in zip(distances, weights / weights.sum()):
        rows = np.clip(y + int(np.ceil(distance * np.sin(angle) - 0.5)), 0, HEIGHT - 1)
        places = np.clip(columns + int(np.ceil(distance * np.cos(angle) - 0.5)), 0, WIDTH - 1)
        result = result + weight * x[rows, places]
    return result


def expected(pixels, severity):
    x, level = pixels / 255, severity - 1
    mean = x.mean((0, 1))
    kept = (0.4, 0.3, 0.2, 0.1, 0.05)[level]
    more = (0.1, 0.2, 0.3, 0.4, 0.5)[level]
    factor, saturation = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[level]
    disk = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[level]
    zoom = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[level]
    answers = {
        "gaussian_blur": filters.gaussian(x, (1, 2, 3, 4, 6)[level], channel_axis=-1),
        "defocus_blur": defocused(x, *disk),
        "zoom_blur": zoom_blurred(x, *zoom),
        "contrast": (x - mean) * kept + mean,
        "brightness": changed(x, 2, lambda value: value + more),
        "saturate": changed(x, 1, lambda value: value * factor + saturation),
        "pixelate": pixelated(pixels, (0.6, 0.5, 0.4, 0.3, 0.25)[level]),
    }
    return [{"kind": kind, "severity": severity, "pixels": as_bytes(answer)} for kind, answer in answers.items()]


def distances():
    """A drop, its edges by Canny, and how far all is from these."""
    y, x = np.mgrid[:14, :18]
    drop = np.where((x - 7) ** 2 + 2 * (y - 6) ** 2 < 30, 180 + x, 0).astype(np.uint8)
    edges = cv2.Canny(drop, 50, 150)
    away = cv2.distanceTransform(255 - edges, cv2.DIST_L2, 5)
    return {"drop": drop.ravel().tolist(), "distances": [round(float(value), 3) for value in away.ravel()]}


def main():
    pixels = picture()
    image = Image.fromarray(pixels)
    written = {
        "pixels": pixels.ravel().tolist(),
        "corruptions": [answer for severity in SEVERITIES for answer in expected(pixels, severity)],
        "moved": [
            {"radius": radius, "sigma": sigma, "degrees": degrees, "pixels": as_bytes(answer)}
            for radius, sigma, degrees in ((10, 3, 30), (3, 5, -45), (12, 8, -100))
            for answer in [moved(pixels / 255, radius, sigma, degrees)]
        ],
        "resized": [
            {"shortest": shortest, "pixels": np.array(image.resize(size, Image.BILINEAR)).ravel().tolist()}
            for shortest, size in ((12, (16, 12)), (5, (6, 5)))
        ],
        "edges": distances(),
    }
    path = pathlib.Path(__file__).with_name("corruptions.json")
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")


main()
