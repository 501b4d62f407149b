"""TIFFs of every photometric interpretation, depth, arrangement and format of samples."""
import struct
import zlib

import numpy as np
from PIL import Image

from make import cmyk_to_rgb, expect, expect_alpha, gray, path, refuse, rng, scene, write

SHORT, LONG, RATIONAL = 3, 4, 5


def packed(rows, bits, order):
    """Values `[H, N]` as rows of so many bits each, from the high bit on, 16 and 32 bits as whole numbers."""
    if bits in (8, 16, 32, 64):
        return b"".join(row.astype(f"{order}u{bits // 8}").tobytes() for row in rows)
    out = []
    for row in rows:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        out.append(bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)))
    return b"".join(out)


def tiff(name, values, bits, photometric, *, order="<", planar=1, extra=None, form=1, compression=1, tile=None,
         rows_a_strip=None, tags=(), chunks=None):
    """`values` is `[H, W, S]`. `chunks` are strips made elsewhere, and `tags` (number, type, values) come on top."""
    height, width, samples = values.shape
    if chunks is None:
        chunks = []
        for plane in (np.split(values, samples, -1) if planar == 2 else [values]):
            if tile:
                for y in range(0, height, tile):
                    for x in range(0, width, tile):
                        part = np.zeros((tile, tile, plane.shape[2]), plane.dtype)
                        piece = plane[y:y + tile, x:x + tile]
                        part[:piece.shape[0], :piece.shape[1]] = piece
                        chunks.append(packed(part.reshape(tile, -1), bits, order))
            else:
                step = rows_a_strip or height
                for y in range(0, height, step):
                    piece = plane[y:y + step]
                    chunks.append(packed(piece.reshape(piece.shape[0], -1), bits, order))
    if compression == 8:
        chunks = [zlib.compress(chunk) for chunk in chunks]
    offsets, data = [], b""
    for chunk in chunks:
        offsets.append(8 + len(data))
        data += chunk + b"\0" * (len(chunk) % 2)
    entries = [(256, LONG, [width]), (257, LONG, [height]), (258, SHORT, [bits] * samples), (259, SHORT, [compression]),
               (277, SHORT, [samples]), (284, SHORT, [planar])]
    if photometric is not None:
        entries.append((262, SHORT, [photometric]))
    if form != 1:
        entries.append((339, SHORT, [form] * samples))
    if extra is not None:
        entries.append((338, SHORT, extra))
    if tile:
        entries += [(322, LONG, [tile]), (323, LONG, [tile]), (324, LONG, offsets),
                    (325, LONG, [len(c) for c in chunks])]
    else:
        entries += [(273, LONG, offsets), (278, LONG, [rows_a_strip or height]), (279, LONG, [len(c) for c in chunks])]
    entries += list(tags)
    body, directory = data, b""
    for tag, kind, numbers in sorted(entries):
        form_of = {SHORT: "H", LONG: "I", RATIONAL: "I"}[kind]
        flat = [part for number in numbers for part in ((number, 1) if kind == RATIONAL else (number,))]
        value = struct.pack(order + form_of * len(flat), *flat)
        if len(value) > 4:
            place = 8 + len(body)
            body += value + b"\0" * (len(value) % 2)
            value = struct.pack(order + "I", place)
        directory += struct.pack(order + "HHI", tag, kind, len(numbers)) + value.ljust(4, b"\0")
    write(name, (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(body)) + body
          + struct.pack(order + "H", len(entries)) + directory + bytes(4))


def to_byte(values, bits):
    values = values.astype(np.int64)
    most = (1 << bits) - 1
    return (values >> (bits - 8) if bits >= 8 else (values * 255 + most // 2) // most).astype(np.uint8)


def agree(name, rgb, mode="RGB", tolerance=0):
    """Pillow reads the same from what was written."""
    found = np.asarray(Image.open(path(name)).convert(mode)).astype(int)
    worst = abs(found - np.asarray(rgb).astype(int)).max()
    assert worst <= tolerance, (name, worst)


def grays():
    for bits in (1, 2, 4, 6, 8, 10, 12, 16):
        values = rng.integers(0, 1 << bits, (7, 11, 1))
        for photometric, kind in ((1, "black"), (0, "white")):
            name = f"tiff-gray{bits}-{kind}-is-zero.tif"
            tiff(name, values, bits, photometric, order=">" if bits == 16 and photometric else "<", rows_a_strip=3)
            byte = to_byte(values[..., 0], bits)
            rgb = gray(255 - byte if photometric == 0 else byte)
            expect(name, rgb)
            if bits in (1, 2, 4, 8):
                agree(name, rgb)
    values = rng.integers(0, 256, (6, 9, 2))
    for extra, kind in ((None, "unsaid"), ([0], "other"), ([1], "associated"), ([2], "alpha")):
        for planar in (1, 2):
            name = f"tiff-gray-{kind}{'-planes' if planar == 2 else ''}.tif"
            tiff(name, values, 8, 1, extra=extra, planar=planar)
            color, opacity = values[..., 0].astype(np.uint8), values[..., 1].astype(np.uint8)
            if extra == [0]:
                expect(name, gray(color))
            else:
                expect_alpha(name, gray(unmultiplied(color, opacity) if extra == [1] else color), opacity)


def unmultiplied(color, opacity):
    color, opacity = color.astype(int), opacity.astype(int)
    return np.where(opacity == 0, 0, np.minimum(255, color * 255 // np.maximum(opacity, 1))).astype(np.uint8)


def palettes():
    for bits in (1, 2, 4, 8):
        colors = rng.integers(0, 65536, (3, 1 << bits))
        values = rng.integers(0, 1 << bits, (7, 10, 1))
        tiff(f"tiff-palette{bits}.tif", values, bits, 3, tags=[(320, SHORT, colors.reshape(-1).tolist())])
        rgb = (colors.T[values[..., 0]] >> 8).astype(np.uint8)
        expect(f"tiff-palette{bits}.tif", rgb)
        agree(f"tiff-palette{bits}.tif", rgb)
    # Some writers fill the 16-bit table with 8-bit numbers.
    narrow = rng.integers(0, 256, (3, 16))
    tiff("tiff-palette-narrow.tif", values % 16, 4, 3, tags=[(320, SHORT, narrow.reshape(-1).tolist())])
    expect("tiff-palette-narrow.tif", narrow.T[values[..., 0] % 16].astype(np.uint8))
    two = np.concatenate([values % 16, rng.integers(0, 256, values.shape)], -1)
    table = rng.integers(0, 65536, (3, 256))
    tiff("tiff-palette-alpha.tif", two, 8, 3, extra=[2], tags=[(320, SHORT, table.reshape(-1).tolist())])
    expect_alpha("tiff-palette-alpha.tif", (table.T[two[..., 0]] >> 8).astype(np.uint8), two[..., 1])


def colors():
    for bits in (2, 4, 8, 12, 16):
        values = rng.integers(0, 1 << bits, (6, 9, 3))
        for planar in (1, 2):
            for tile in (None, 16):
                name = f"tiff-rgb{bits}{'-planes' if planar == 2 else ''}{'-tiles' if tile else ''}.tif"
                tiff(name, values, bits, 2, planar=planar, tile=tile, compression=8 if tile else 1,
                     order=">" if planar == 2 else "<")
                expect(name, to_byte(values, bits))
    wide = rng.integers(0, 256, (19, 35, 3))
    tiff("tiff-rgb8-many-tiles.tif", wide, 8, 2, tile=16, compression=8)
    expect("tiff-rgb8-many-tiles.tif", wide.astype(np.uint8))
    for kinds, kind in ((None, "unsaid"), ([0], "other"), ([1], "associated"), ([2], "alpha"), ([0, 2], "other-alpha"),
                        ([0, 0], "two-others"), ([2, 0], "alpha-other")):
        count = len(kinds or [0])
        for bits, planar in ((8, 1), (8, 2), (16, 1)):
            values = rng.integers(0, 1 << bits, (5, 8, 3 + count))
            name = f"tiff-rgb{bits}-{kind}{'-planes' if planar == 2 else ''}.tif"
            tiff(name, values, bits, 2, extra=kinds, planar=planar)
            byte = to_byte(values, bits)
            rgb = byte[..., :3]
            if kinds in ([0], [0, 0]):
                expect(name, rgb)
                continue
            opacity = byte[..., 3 + (kinds.index(2) if kinds and 2 in kinds else 0)]
            if kinds == [1]:
                rgb = unmultiplied(rgb, opacity[..., None])
            expect_alpha(name, rgb, opacity)
    tiff("tiff-untold.tif", wide[:5, :6], 8, None)
    expect("tiff-untold.tif", wide[:5, :6].astype(np.uint8))


def inks():
    for bits in (8, 16):
        for kinds, planar in ((None, 1), (None, 2), ([0], 1), ([2], 1)):
            values = rng.integers(0, 1 << bits, (5, 8, 4 + len(kinds or [])))
            name = f"tiff-cmyk{bits}{'' if kinds is None else '-alpha' if kinds == [2] else '-other'}" \
                   f"{'-planes' if planar == 2 else ''}.tif"
            tiff(name, values, bits, 5, extra=kinds, planar=planar)
            byte = to_byte(values, bits)
            rgb = cmyk_to_rgb(byte[..., :4])
            if kinds == [2]:
                expect_alpha(name, rgb, byte[..., 4])
            else:
                expect(name, rgb)
    tiff("tiff-other-inks.tif", rng.integers(0, 256, (4, 5, 4)), 8, 5, tags=[(332, SHORT, [2])])
    refuse("tiff-other-inks.tif", "inks")


def luma():
    for across, down in ((1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2), (4, 4)):
        for width, height in ((16, 8), (13, 7)):
            # Colors that change slowly: what is tested is the color space, not how halved color is spread.
            y, x = np.mgrid[0:height, 0:width]
            rgb = np.stack([60 + 2 * x + y, 190 - 2 * y - x, 90 + x + 2 * y], -1).astype(np.uint8)
            r, g, b = (rgb[..., i].astype(float) for i in range(3))
            luma = 0.299 * r + 0.587 * g + 0.114 * b
            planes = np.stack([luma, (b - luma) / 1.772 + 128, (r - luma) / 1.402 + 128], -1)
            padded = np.pad(planes, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
            data = b""
            for top in range(0, padded.shape[0], down):
                for left in range(0, padded.shape[1], across):
                    block = padded[top:top + down, left:left + across]
                    data += block[..., 0].round().astype(np.uint8).tobytes()
                    data += block[..., 1:].mean((0, 1)).round().astype(np.uint8).tobytes()
            compression = 8 if across == 2 else 1
            name = f"tiff-ycbcr{across}{down}-{width}.tif"
            tiff(name, rgb, 8, 6, compression=compression, chunks=[data],
                 tags=[(530, SHORT, [across, down]), (532, RATIONAL, [0, 255, 128, 255, 128, 255])])
            expect(name, rgb, tolerance=2 if (across, down) == (1, 1) else 6)
    tiff("tiff-ycbcr-planes.tif", scene(8, 6), 8, 6, planar=2, tags=[(530, SHORT, [1, 1])])
    refuse("tiff-ycbcr-planes.tif", "YCbCr")


def turned():
    """Pillow turns TIFFs as it opens them."""
    values = rng.integers(0, 256, (4, 7, 3))
    for orientation in range(2, 9):
        name = f"tiff-orientation{orientation}.tif"
        tiff(name, values, 8, 2, tags=[(274, SHORT, [orientation])])
        expect(name, np.asarray(Image.open(path(name)).convert("RGB")))


def refusals():
    three = rng.integers(0, 256, (4, 5, 3))
    one = three[..., :1]
    for number, name, words in ((4, "mask", "mask"), (8, "cielab", "CIELab"), (9, "icclab", "ICCLab"),
                                (10, "itulab", "ITULab"), (32845, "logluv", "LogLuv"), (32844, "logl", "LogLuv"),
                                (51177, "depth", "depth"), (777, "unknown", "777")):
        values = three if number in (8, 9, 10, 32845) else one
        tiff(f"tiff-{name}.tif", values % 2 if number == 4 else values, 1 if number == 4 else 8, number)
        refuse(f"tiff-{name}.tif", words)
    for form, bits, words in ((2, 8, "signed"), (2, 16, "signed"), (2, 32, "signed"), (3, 32, "floating"),
                              (3, 16, "floating"), (3, 64, "floating"), (5, 64, "complex"), (6, 64, "complex"),
                              (1, 32, "32 bits")):
        name = f"tiff-form{form}-{bits}.tif"
        tiff(name, one, bits, 1, form=form)
        refuse(name, words)
    tiff("tiff-unknown-compression.tif", one, 8, 1, compression=61234)
    refuse("tiff-unknown-compression.tif", "61234")


def make():
    grays()
    palettes()
    colors()
    inks()
    luma()
    turned()
    refusals()
