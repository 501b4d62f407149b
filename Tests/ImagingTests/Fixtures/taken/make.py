"""Pictures that say when they were taken, in containers that are too much to write by hand: needs Pillow."""
from pathlib import Path

from PIL import Image

exif = Image.Exif()
exif[0x0132] = "2020:01:01 00:00:00"
exif.get_ifd(0x8769).update({0x9003: "2019:02:03 04:05:06", 0x9011: "-03:30"})
folder = Path(__file__).parent
for kind in ("avif", "webp", "jpg", "png", "tif"):
    Image.new("RGB", (8, 8), (200, 40, 40)).save(folder / f"taken.{kind}", exif=exif)
