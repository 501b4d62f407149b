#!/usr/bin/env python3
"""Makes the pictures in this folder and `expected.bin`: the bytes Pillow gives for them as RGB.

    python3 make.py          (Pillow 12 or later, NumPy)

Every picture is seeded and tiny. `manifest.json` lists for each: the file, the size, the offset of its `[H, W, 3]`
bytes in expected.bin, and `alpha`: "none", "drop" (expected is convert("RGB")) or "white" (composited on white).
"""
import io
import json
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(20)
entries, blob = [], bytearray()


def scene(width, height):
    """A smooth gradient, a hard-edged disc and a little noise: what codecs find easy and hard."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.stack([255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 127 + 120 * np.sin(x / 3 + y / 5)], -1)
    disc = (x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < (min(width, height) * 0.3) ** 2
    rgb[disc] = (230, 40, 20)
    return Image.fromarray(np.clip(rgb + rng.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8))


def expect(name, picture, alpha="none"):
    rgb = np.asarray(picture)
    assert rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3, (name, rgb.shape)
    entries.append({"file": name, "width": rgb.shape[1], "height": rgb.shape[0], "offset": len(blob), "alpha": alpha})
    blob.extend(rgb.tobytes())


def path(name):
    return os.path.join(HERE, name)


def save(name, picture, alpha=False, orient=False, **options):
    picture.save(path(name), **options)
    opened = Image.open(path(name))
    opened.load()
    if orient:
        opened = ImageOps.exif_transpose(opened)
    if not alpha:
        expect(name, opened.convert("RGB"))
        return
    expect(name, opened.convert("RGB"), "drop")
    rgba = np.asarray(opened.convert("RGBA")).astype(int)
    a = rgba[..., 3:]
    white = (rgba[..., :3] * a + 255 * (255 - a) + 127) // 255
    expect(name, Image.fromarray(white.astype(np.uint8)), "white")


def with_alpha(picture):
    width, height = picture.size
    ramp = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    out = picture.convert("RGBA")
    out.putalpha(Image.fromarray(ramp))
    return out


def png(name, width, height, depth, kind, rows, extra=b""):
    """A PNG written by hand, for the kinds Pillow does not write."""
    def chunk(tag, body):
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    with open(path(name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return chunk


def jpegs():
    save("jpeg_420.jpg", scene(37, 23), quality=88, subsampling="4:2:0")
    save("jpeg_422.jpg", scene(33, 18), quality=80, subsampling="4:2:2")
    save("jpeg_444.jpg", scene(19, 31), quality=95, subsampling="4:4:4")
    save("jpeg_420_larger.jpg", scene(150, 101), quality=70, subsampling="4:2:0")
    save("jpeg_progressive.jpg", scene(41, 29), quality=85, progressive=True)
    save("jpeg_restart.jpg", scene(48, 40), quality=85, restart_marker_rows=1)
    save("jpeg_gray.jpg", scene(17, 25).convert("L"), quality=90)
    save("jpeg_1x1.jpg", scene(1, 1))
    save("jpeg_cmyk.jpg", scene(30, 21).convert("CMYK"), quality=92)
    # The same CMYK file without Adobe's marker: Pillow still takes it as inverted.
    data = open(path("jpeg_cmyk.jpg"), "rb").read()
    at = data.index(b"\xff\xee")
    size = struct.unpack(">H", data[at + 2:at + 4])[0]
    open(path("jpeg_cmyk_plain.jpg"), "wb").write(data[:at] + data[at + 2 + size:])
    expect("jpeg_cmyk_plain.jpg", Image.open(path("jpeg_cmyk_plain.jpg")).convert("RGB"))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        save(f"jpeg_exif_{orientation}.jpg", scene(27, 14), orient=True, quality=90, exif=exif)


def pngs():
    save("png_rgb.png", scene(29, 17))
    save("png_tall.png", scene(3, 61))
    save("png_1x1.png", scene(1, 1))
    save("png_gray.png", scene(21, 13).convert("L"))
    save("png_palette.png", scene(23, 19).quantize(37))
    save("png_palette_16.png", scene(23, 19).quantize(13), bits=4)
    save("png_palette_4.png", scene(15, 9).quantize(4), bits=2)
    save("png_1bit.png", scene(21, 11).convert("1"))
    save("png_rgba.png", with_alpha(scene(25, 15)), alpha=True)
    save("png_gray_alpha.png", with_alpha(scene(18, 15)).convert("LA"), alpha=True)
    save("png_palette_trns.png", scene(20, 16).quantize(16), alpha=True, transparency=bytes(range(0, 256, 16)))
    exif = Image.Exif()
    exif[274] = 6
    save("png_exif_6.png", scene(16, 9), orient=True, exif=exif)
    wide = rng.integers(0, 65536, (11, 14, 3))
    chunk = png("png_rgb16.png", 14, 11, 16, 2, [r.astype(">u2").tobytes() for r in wide])
    expect("png_rgb16.png", Image.fromarray((wide >> 8).astype(np.uint8)))
    deep = rng.integers(0, 65536, (9, 13))
    png("png_gray16.png", 13, 9, 16, 0, [r.astype(">u2").tobytes() for r in deep])
    expect("png_gray16.png", Image.fromarray((deep >> 8).astype(np.uint8)).convert("RGB"))
    key = np.asarray(scene(12, 10))
    color = tuple(int(v) for v in key[3, 4])
    png("png_rgb_key.png", 12, 10, 8, 2, [r.tobytes() for r in key], chunk(b"tRNS", struct.pack(">HHH", *color)))
    expect("png_rgb_key.png", Image.open(path("png_rgb_key.png")).convert("RGB"), "drop")
    for name, bits in (("png_gray2.png", 2), ("png_gray4.png", 4)):
        values = rng.integers(0, 1 << bits, (7, 16))
        rows = [bytes(sum(int(v) << (8 - bits * (i + 1)) for i, v in enumerate(r[s:s + 8 // bits]))
                      for s in range(0, 16, 8 // bits)) for r in values]
        png(name, 16, 7, bits, 0, rows)
        expect(name, Image.fromarray((values * 255 // ((1 << bits) - 1)).astype(np.uint8)).convert("RGB"))
    interlaced()


def interlaced():
    """Adam7, which Pillow reads but does not write."""
    width, height = 19, 14
    rgb = np.asarray(scene(width, height))
    data = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for row in rgb[y0::dy, x0::dx]:
            data += b"\0" + row.tobytes()
    def chunk(tag, body):
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    with open(path("png_interlaced.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))
    opened = Image.open(path("png_interlaced.png")).convert("RGB")
    assert (np.asarray(opened) == rgb).all()
    expect("png_interlaced.png", opened)


def others():
    save("webp_lossy.webp", scene(39, 26), quality=82)
    save("webp_lossless.webp", scene(17, 22), lossless=True)
    save("webp_rgba.webp", with_alpha(scene(20, 20)), alpha=True, lossless=True, exact=True)
    exif = Image.Exif()
    exif[274] = 8
    save("webp_exif_8.webp", scene(22, 12), orient=True, lossless=True, exif=exif)
    frames = [scene(24, 16).quantize(32) for _ in range(3)]
    save("gif_animated.gif", frames[0], save_all=True, append_images=frames[1:], duration=40)
    save("gif_gray.gif", scene(13, 13).convert("L"))
    save("gif_interlaced.gif", scene(31, 27).quantize(64), interlace=1)
    save("tiff_rgb.tif", scene(21, 16))
    save("tiff_lzw.tif", scene(21, 16), compression="tiff_lzw")
    save("tiff_deflate.tif", scene(33, 9), compression="tiff_adobe_deflate")
    save("tiff_packbits_gray.tif", scene(19, 12).convert("L"), compression="packbits")
    save("tiff_1bit_g4.tif", scene(40, 12).convert("1"), compression="group4")
    save("tiff_palette.tif", scene(16, 16).quantize(20))
    save("tiff_cmyk.tif", scene(18, 14).convert("CMYK"))
    save("tiff_jpeg.tif", scene(48, 32), compression="jpeg", quality=90)
    save("tiff_rgba.tif", with_alpha(scene(14, 12)), alpha=True)
    deep = rng.integers(0, 65536, (9, 13)).astype(np.uint16)
    Image.fromarray(deep).save(path("tiff_gray16.tif"))
    expect("tiff_gray16.tif", Image.fromarray((deep >> 8).astype(np.uint8)).convert("RGB"))
    # libheif spreads halved chroma over pixels in its own way, so parity is pinned where there is none to spread, and
    # where color changes slowly.
    save("avif_444.avif", scene(40, 32), quality=85, subsampling="4:4:4")
    y, x = np.mgrid[0:60, 0:84]
    smooth = np.stack([80 + x, 200 - y, 60 + (x + y) // 2], -1).astype(np.uint8)
    save("avif_420_smooth.avif", Image.fromarray(smooth), quality=90, subsampling="4:2:0")
    save("bmp_24.bmp", scene(13, 9))
    save("bmp_gray.bmp", scene(13, 9).convert("L"))
    save("bmp_palette.bmp", scene(15, 9).quantize(19))
    save("bmp_1bit.bmp", scene(19, 9).convert("1"))
    save("bmp_rgba.bmp", with_alpha(scene(11, 7)))
    top_down = np.asarray(scene(7, 5))
    header = struct.pack("<IiiHHIIiiII", 40, 7, -5, 1, 24, 0, 0, 0, 0, 0, 0)
    rows = b"".join(r[:, ::-1].tobytes() + bytes(3) for r in top_down)
    open(path("bmp_topdown.bmp"), "wb").write(b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows)
    expect("bmp_topdown.bmp", Image.fromarray(top_down))


def bombs():
    """Headers that announce 50,000 x 50,000 pixels; the PNG's rows are real but few."""
    png("bomb.png", 50000, 50000, 8, 2, [bytes(150000)] * 2)
    header = struct.pack("<IiiHHIIiiII", 40, 50000, 50000, 1, 24, 0, 0, 0, 0, 0, 0)
    open(path("bomb.bmp"), "wb").write(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header)


jpegs()
pngs()
others()
bombs()
with open(path("expected.bin"), "wb") as file:
    file.write(blob)
with open(path("manifest.json"), "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
print(len(entries), "expectations,", len(blob), "bytes")
