"""PNGs of every color type and depth, with and without transparency, interlaced or not; and with color profiles."""
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

from make import cmyk_to_rgb, expect, expect_alpha, gray, path, rng, scene, write
from make_tiffs import packed, to_byte

PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(name, values, depth, kind, interlaced=False, extra=()):
    height, width = values.shape[:2]
    def chunk(tag, body):
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
    data = b""
    for x, y, across, down in PASSES if interlaced else ((0, 0, 1, 1),):
        part = values[y::down, x::across]
        if part.size:
            for row in part.reshape(part.shape[0], -1):
                data += b"\0" + packed([row], depth, ">")
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    chunks = chunk(b"IHDR", header) + b"".join(chunk(*one) for one in extra)
    write(name, b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def every_kind():
    width, height = 9, 7
    bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    for kind, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            for interlaced in (False, True):
                values = rng.integers(0, 1 << depth, (height, width, bands[kind]))
                for keyed in (False, True) if kind in (0, 2, 3) else (False,):
                    name = f"png-{kind}-{depth}{'-key' if keyed else ''}{'-interlaced' if interlaced else ''}.png"
                    extra, opacity = [], None
                    if kind == 3:
                        colors = rng.integers(0, 256, (1 << depth, 3)).astype(np.uint8)
                        extra.append((b"PLTE", colors.tobytes()))
                        rgb = colors[values[..., 0]]
                        if keyed:
                            table = rng.integers(0, 256, 1 << depth).astype(np.uint8)
                            extra.append((b"tRNS", table.tobytes()))
                            opacity = table[values[..., 0]]
                    else:
                        byte = to_byte(values, depth)
                        rgb = byte[..., :3] if kind in (2, 6) else gray(byte[..., 0])
                        if kind in (4, 6):
                            opacity = byte[..., -1]
                        if keyed:
                            key = values[2, 3]
                            extra.append((b"tRNS", b"".join(struct.pack(">H", int(v)) for v in key)))
                            opacity = np.where((values == key).all(-1), 0, 255).astype(np.uint8)
                    png(name, values, depth, kind, interlaced, extra)
                    if opacity is None:
                        expect(name, rgb)
                    else:
                        expect_alpha(name, rgb, opacity)
                    if not (kind == 0 and depth == 16):  # which Pillow cuts off at 255
                        found = np.asarray(Image.open(path(name)).convert("RGB"))
                        assert (found == rgb).all(), name


def profile(space, primaries=(), gamma=2.2):
    """A little ICC profile (version 2): a matrix and a gamma for RGB, a gamma for gray, nothing at all for CMYK."""
    def curve(value):
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)
    def place(x, y, z):
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in (x, y, z))
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78), b"wtpt": place(.9642, 1, .8249)}
    if space == b"RGB ":
        for letter, primary in zip(b"rgb", primaries):
            tags[bytes([letter]) + b"XYZ"] = place(*primary)
            tags[bytes([letter]) + b"TRC"] = curve(gamma)
    if space == b"GRAY":
        tags[b"kTRC"] = curve(gamma)
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, body in tags.items():
        body += bytes(-len(body) % 4)
        table += tag + struct.pack(">II", start + len(data), len(body))
        data += body
    size = start + len(data)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I", size) + b"lcms" + b"\2\x10\0\0" + kind + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    return head + struct.pack(">iii", 63190, 65536, 54061) + bytes(128 - 80) + table + data


def profiles():
    """The numbers stay what they are: no profile is applied, as in Pillow's convert("RGB")."""
    p3 = profile(b"RGB ", ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)))
    adobe = profile(b"RGB ", ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)))
    picture = Image.fromarray(scene(16, 12))
    cases = [("display-p3", picture, p3, "RGB"), ("adobe-rgb", picture, adobe, "RGB"),
             ("gray-gamma", picture.convert("L"), profile(b"GRAY", gamma=1.0), "L")]
    for name, image, icc, _ in cases:
        for ending, options in ((".png", {}), (".jpg", {"quality": 92, "subsampling": 0}), (".webp", {"lossless": True}),
                                (".tif", {"compression": "tiff_adobe_deflate"}), (".jp2", {})):
            file = f"icc-{name}{ending}"
            if ending in (".webp", ".jp2") and name != "display-p3":
                continue
            image.save(path(file), icc_profile=icc, **options)
            expect(file, np.asarray(Image.open(path(file)).convert("RGB")), tolerance=2 if ending == ".jpg" else 0)
    # The profiles are real ones: applied, they would change the colors by far more than any tolerance.
    moved = ImageCms.profileToProfile(picture, ImageCms.getOpenProfile(io.BytesIO(p3)), ImageCms.createProfile("sRGB"))
    assert abs(np.asarray(moved).astype(int) - np.asarray(picture).astype(int)).max() > 15
    cmyk = picture.convert("CMYK")
    for ending, options in ((".jpg", {"quality": 92}), (".tif", {})):
        cmyk.save(path("icc-cmyk" + ending), icc_profile=profile(b"CMYK"), **options)
        rgb = np.asarray(Image.open(path("icc-cmyk" + ending)).convert("RGB"))
        expect("icc-cmyk" + ending, rgb, tolerance=2 if ending == ".jpg" else 0)
    assert (cmyk_to_rgb(np.asarray(cmyk)) == np.asarray(cmyk.convert("RGB"))).all()


def make():
    every_kind()
    profiles()
