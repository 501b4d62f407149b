"""JPEG, BMP, PNM, ICO, JPEG 2000, GIF, WebP, HEIC and AVIF in their kinds."""
import io
import os
import struct
import subprocess
import tempfile

import numpy as np
import pillow_heif
from PIL import Image

from make import entries, expect, expect_alpha, gray, path, refuse, rng, scene, write
from make_tiffs import packed, tiff, to_byte


def pillow(name, mode="RGB"):
    return np.asarray(Image.open(path(name)).convert(mode))


def encoded(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpegs():
    picture = Image.fromarray(scene(16, 12))
    # YCCK: Pillow writes CMYK, and Adobe's marker says how the four bands are to be taken.
    data = encoded(picture.convert("CMYK"), "JPEG", quality=92)
    at = data.index(b"Adobe")
    write("jpeg-ycck.jpg", data[:at + 11] + b"\2" + data[at + 12:])
    plain = encoded(picture, "JPEG", quality=92, subsampling=0)
    # RGB: by Adobe's marker, and by the components' names.
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    jfif = struct.unpack(">H", plain[4:6])[0]
    write("jpeg-rgb-adobe.jpg", plain[:2] + adobe + plain[4 + jfif:])
    bare = bytearray(plain[:2] + plain[4 + jfif:])
    frame, scan = bare.index(b"\xff\xc0"), bare.index(b"\xff\xda")
    for index, letter in enumerate(b"RGB"):
        bare[frame + 10 + 3 * index] = letter
        bare[scan + 5 + 2 * index] = letter
    write("jpeg-rgb-letters.jpg", bare)
    write("jpeg-ycbcr-bare.jpg", plain[:2] + plain[4 + jfif:])
    write("jpeg-gray-progressive.jpg", encoded(picture.convert("L"), "JPEG", progressive=True))
    write("jpeg-ycck-progressive.jpg", encoded(picture.convert("CMYK"), "JPEG", progressive=True))
    for name in ("ycck", "rgb-adobe", "rgb-letters", "ycbcr-bare", "gray-progressive", "ycck-progressive"):
        expect(f"jpeg-{name}.jpg", pillow(f"jpeg-{name}.jpg"), tolerance=2)
    frame = plain.index(b"\xff\xc0")
    for name, marker, precision, words in (("12-bit", 0xC1, 12, "12 bits"), ("lossless", 0xC3, 8, "lossless"),
                                           ("hierarchical", 0xC5, 8, "hierarchical"), ("ls", 0xF7, 8, "JPEG-LS")):
        changed = bytearray(plain)
        changed[frame + 1], changed[frame + 4] = marker, precision
        write(f"jpeg-{name}.jpg", changed)
        refuse(f"jpeg-{name}.jpg", words)


def bmp(name, width, height, bits, data, compression=0, palette=(), header=40, masks=(), extra=b""):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    elif header == 16:
        info = struct.pack("<IIIHH", 16, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 0, 0, len(palette), 0)
    mask_bytes = b"".join(struct.pack("<I", m) for m in masks)
    info += mask_bytes if header > 16 else b""
    info = info.ljust(header, b"\0") if header > 40 else info
    table = b"".join(bytes(c[::-1]) + (b"" if header == 12 else b"\0") for c in palette)
    start = 14 + len(info) + len(table)
    write(name, b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + table + data)


def bmps():
    width, height = 13, 6
    palette = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    index = np.repeat(rng.integers(0, 16, (height, 5)), 3, 1)[:, :width]
    index[2] = rng.integers(0, 16, width)  # a row without runs
    for bits in (8, 4):
        data = b""
        for row in index[::-1]:
            x = 0
            while x < width:
                run = 1
                while x + run < width and row[x + run] == row[x]:
                    run += 1
                if run > 1:
                    data += bytes([run, row[x] if bits == 8 else row[x] << 4 | row[x]])
                    x += run
                    continue
                plain = min(5, width - x)
                if plain < 3:
                    data += bytes([1, row[x] if bits == 8 else row[x] << 4])
                    x += 1
                    continue
                piece = [int(v) for v in row[x:x + plain]]
                body = bytes(piece) if bits == 8 else bytes(
                    a << 4 | b for a, b in zip(piece[::2], piece[1::2] + [0] * (len(piece) % 2)))
                data += bytes([0, plain]) + body + b"\0" * (len(body) % 2)
                x += plain
            data += b"\0\0"
        bmp(f"bmp-rle{bits}.bmp", width, height, bits, data + b"\0\1", 1 if bits == 8 else 2, palette)
        expect(f"bmp-rle{bits}.bmp", palette[index])
        assert (pillow(f"bmp-rle{bits}.bmp") == palette[index]).all()
        # A jump of two columns and one row, then an early end: what is left out has color 0.
        value = 0x33 if bits == 4 else 3
        bmp(f"bmp-rle{bits}-jump.bmp", 6, 4, bits, bytes([2, value, 0, 2, 2, 1, 2, value, 0, 0, 0, 1]),
            1 if bits == 8 else 2, palette)
        jumped = np.zeros((4, 6), int)
        jumped[3, :2] = 3
        jumped[2, 4:6] = 3
        expect(f"bmp-rle{bits}-jump.bmp", palette[jumped])
    rgb = scene(9, 5)
    rows = b"".join(row[:, ::-1].tobytes() + b"\0" for row in rgb[::-1])
    bmp("bmp-os2.bmp", 9, 5, 24, rows, header=12)
    expect("bmp-os2.bmp", rgb)
    bmp("bmp-os2-short.bmp", 9, 5, 24, rows, header=16)
    expect("bmp-os2-short.bmp", rgb)
    for bits, masks, kind in ((16, (0x7C00, 0x3E0, 0x1F), "555"), (16, (0xF800, 0x7E0, 0x1F), "565"),
                              (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), "v4"), (32, (0xFF, 0xFF00, 0xFF0000), "bgr")):
        values = rng.integers(0, 1 << bits, (4, 6)).astype(np.uint64)
        data = b"".join(row.astype(f"<u{bits // 8}").tobytes() for row in values[::-1])
        bmp(f"bmp-{kind}.bmp", 6, 4, bits, data, 3, header=40 if len(masks) == 3 else 108, masks=masks)
        fields = []
        for mask in masks:
            shift = (mask & -mask).bit_length() - 1
            fields.append((((values & mask) >> shift) * 255 // (mask >> shift)).astype(np.uint8))
        rgb = np.stack(fields[:3], -1)
        if len(masks) == 4:
            expect_alpha(f"bmp-{kind}.bmp", rgb, fields[3])
        else:
            expect(f"bmp-{kind}.bmp", rgb)
    bmp("bmp-jpeg.bmp", 9, 5, 24, b"\xff\xd8\xff" + bytes(500), 4)
    refuse("bmp-jpeg.bmp", "JPEG inside")
    bmp("bmp-png.bmp", 9, 5, 24, bytes(500), 5)
    refuse("bmp-png.bmp", "PNG inside")


def pnms():
    for most in (1, 7, 100, 255, 1023, 65535):
        for bands, plain, raw in ((1, 2, 5), (3, 3, 6)):
            values = rng.integers(0, most + 1, (5, 7, bands))
            byte = (values >> 8 if most == 65535 else (values * 255 + most // 2) // most).astype(np.uint8)
            rgb = gray(byte[..., 0]) if bands == 1 else byte
            head = f"7 5\n# a comment\n{most}\n"
            text = "\n".join(" ".join(str(v) for v in row.reshape(-1)) for row in values)
            write(f"pnm-{plain}-{most}.pnm", f"P{plain}\n{head}{text}\n".encode())
            expect(f"pnm-{plain}-{most}.pnm", rgb)
            kind = ">u2" if most > 255 else "u1"
            write(f"pnm-{raw}-{most}.pnm", f"P{raw}\n{head}".encode() + values.astype(kind).tobytes())
            expect(f"pnm-{raw}-{most}.pnm", rgb)
            if bands == 3 and most == 255:
                assert (pillow(f"pnm-{raw}-{most}.pnm") == rgb).all() and (pillow(f"pnm-{plain}-{most}.pnm") == rgb).all()
    bits = rng.integers(0, 2, (5, 11))
    write("pnm-1.pbm", b"P1 #bits\n11 5\n" + "\n".join("".join(map(str, row)) for row in bits).encode())
    write("pnm-4.pbm", b"P4\n11 5\n" + packed(bits, 1, ">"))
    for name in ("pnm-1.pbm", "pnm-4.pbm"):
        expect(name, gray(255 - 255 * bits))
        assert (pillow(name) == gray(255 - 255 * bits)).all()


def icons():
    rgba = np.dstack([scene(12, 12), rng.integers(0, 256, (12, 12)).astype(np.uint8)])
    for kind in ("png", "bmp"):
        Image.fromarray(rgba).save(path(f"ico-{kind}.ico"), sizes=[(6, 6), (12, 12)], bitmap_format=kind)
        expect_alpha(f"ico-{kind}.ico", rgba[..., :3], rgba[..., 3])
        assert (pillow(f"ico-{kind}.ico", "RGBA") == rgba).all()
    width = height = 10
    mask = rng.integers(0, 2, (height, width))
    below = b"".join(packed([row], 1, ">").ljust(4, b"\0") for row in mask[::-1])
    palette = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    for bits in (1, 4, 8, 24, 32):
        if bits >= 24:
            rgb = scene(width, height)
            filled = np.dstack([rgb[..., ::-1]] + ([np.zeros((height, width), np.uint8)] if bits == 32 else []))
            rows, colors = [row.tobytes() for row in filled[::-1]], b""
        else:
            index = rng.integers(0, 1 << bits, (height, width))
            rgb, rows = palette[index], [packed([row], bits, ">") for row in index[::-1]]
            colors = b"".join(bytes(c[::-1]) + b"\0" for c in palette[:1 << bits])
        data = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, bits, 0, 0, 0, 0, 0, 0) + colors
        data += b"".join(row.ljust((len(row) + 3) // 4 * 4, b"\0") for row in rows) + below
        small = struct.pack("<IiiHHIIiiII", 40, 1, 2, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(8)
        head = struct.pack("<HHH", 0, 2 if bits == 24 else 1, 2)
        head += struct.pack("<BBBBHHII", 1, 1, 0, 0, 1, 24, len(small), 38)
        head += struct.pack("<BBBBHHII", width, height, 0, 0, 1, bits, len(data), 38 + len(small))
        write(f"ico-{bits}.ico", head + small + data)
        expect_alpha(f"ico-{bits}.ico", rgb, (255 - 255 * mask).astype(np.uint8))


def jpeg2000s():
    rgb = scene(14, 10)
    picture = Image.fromarray(rgb)
    opacity = np.tile(np.linspace(0, 255, 14).astype(np.uint8), (10, 1))
    cases = [("gray", picture.convert("L"), {}), ("rgb", picture, {}), ("codestream", picture, {"no_jp2": True}),
             ("tiles", picture, {"tile_size": (8, 8)}), ("lossy", picture, {"irreversible": True})]
    for name, image, options in cases:
        file = f"jp2-{name}.jp2"
        image.save(path(file), "JPEG2000", **options)
        expect(file, pillow(file), tolerance=2 if name == "lossy" else 0)
    for mode in ("LA", "RGBA"):
        image = picture.convert(mode)
        image.putalpha(Image.fromarray(opacity))
        image.save(path(f"jp2-{mode}.jp2"))
        expect_alpha(f"jp2-{mode}.jp2", pillow(f"jp2-{mode}.jp2"), opacity)
    deep = rng.integers(0, 65536, (9, 12)).astype(np.uint16)
    Image.fromarray(deep).save(path("jp2-gray16.jp2"))
    expect("jp2-gray16.jp2", gray(deep >> 8))


def jpeg2000_colors():
    """Color spaces and depths, by OpenJPEG's own program, which takes samples as they are."""
    rgb = scene(12, 8)
    luma = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    with tempfile.TemporaryDirectory() as folder:
        def encode(name, values, bits, space, samplings=""):
            source, target = os.path.join(folder, "x.raw"), os.path.join(folder, "x.jp2")
            with open(source, "wb") as file:
                for band in values:
                    file.write(band.astype(">u2" if bits > 8 else "u1").tobytes())
            height, width = values[0].shape
            subprocess.run(["opj_compress", "-i", source, "-o", target, "-n", "1", "-mct", "0", "-F",
                            f"{width},{height},{len(values)},{bits},u{samplings}"], check=True, capture_output=True)
            data = open(target, "rb").read()
            at = data.index(b"colr") + 7
            write(name, data[:at] + struct.pack(">I", space) + data[at + 4:])
        encode("jp2-ycc.jp2", luma.transpose(2, 0, 1), 8, 18)
        halves = [luma[..., 0]] + [luma[::2, ::2, band] for band in (1, 2)]
        encode("jp2-ycc-halves.jp2", halves, 8, 18, "@1x1:2x2:2x2")
        across = [luma[..., 0]] + [luma[:, ::2, band] for band in (1, 2)]
        encode("jp2-ycc-across.jp2", across, 8, 18, "@1x1:2x1:2x1")
        for name in ("ycc", "ycc-halves", "ycc-across"):
            expect(f"jp2-{name}.jp2", pillow(f"jp2-{name}.jp2"), tolerance=2)
        encode("jp2-cmyk.jp2", np.asarray(Image.fromarray(rgb).convert("CMYK")).transpose(2, 0, 1), 8, 12)
        expect("jp2-cmyk.jp2", pillow("jp2-cmyk.jp2"))
        for bits in (4, 12):
            deep = rng.integers(0, 1 << bits, (8, 12))
            encode(f"jp2-gray{bits}.jp2", [deep], bits, 17)
            expect(f"jp2-gray{bits}.jp2", gray(deep << 4 if bits == 4 else deep >> 4))
        encode("jp2-lab.jp2", rgb.transpose(2, 0, 1), 8, 14)
        refuse("jp2-lab.jp2", "CIELab")
        encode("jp2-space.jp2", rgb.transpose(2, 0, 1), 8, 11)
        refuse("jp2-space.jp2", "number 11")
        encode("jp2-rgb-halves.jp2", [rgb[..., 0], rgb[::2, ::2, 1], rgb[::2, ::2, 2]], 8, 16, "@1x1:2x2:2x2")
        refuse("jp2-rgb-halves.jp2", "lower resolution")


def gif(name, width, height, palette, frame, index, *, transparent=None, local=None, root=None, interlaced=False):
    """GIF with codes that are never joined: every few pixels the table is cleared."""
    root = root or max(2, int(len(local if local is not None else palette) - 1).bit_length())
    bits, held, count, data = root + 1, 0, 0, bytearray()
    order = index
    if interlaced:
        order = np.concatenate([index[a::b] for a, b in ((0, 8), (4, 8), (2, 4), (1, 2))])
    codes = []
    for place, value in enumerate(order.reshape(-1)):
        if place % ((1 << root) - 2) == 0:
            codes.append(1 << root)
        codes.append(int(value))
    for code in codes + [(1 << root) + 1]:
        held |= code << count
        count += bits
        while count >= 8:
            data.append(held & 255)
            held, count = held >> 8, count - 8
    data.append(held & 255)
    def table(colors):
        return np.asarray(colors, np.uint8).tobytes()
    def size(colors):
        return int(len(colors) - 1).bit_length() - 1
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80 | size(palette), 0, 0) + table(palette)
    if transparent is not None:
        out += b"\x21\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    x, y = frame
    flags = (0x80 | size(local) if local is not None else 0) | (0x40 if interlaced else 0)
    out += b"," + struct.pack("<HHHHB", x, y, index.shape[1], index.shape[0], flags)
    out += table(local) if local is not None else b""
    out += bytes([root])
    for start in range(0, len(data), 255):
        out += bytes([len(data[start:start + 255])]) + bytes(data[start:start + 255])
    write(name, out + b"\0;")


def gifs():
    palette = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    index = rng.integers(0, 16, (9, 12))
    opacity = np.where(index == 5, 0, 255).astype(np.uint8)
    for interlaced in (False, True):
        name = f"gif-transparent{'-interlaced' if interlaced else ''}.gif"
        gif(name, 12, 9, palette, (0, 0), index, transparent=5, interlaced=interlaced)
        expect_alpha(name, palette[index], opacity)
    local = rng.integers(0, 256, (32, 3)).astype(np.uint8)
    wide = rng.integers(0, 32, (9, 12))
    gif("gif-local.gif", 12, 9, palette, (0, 0), wide, local=local)
    expect("gif-local.gif", local[wide])
    gif("gif-two-colors.gif", 12, 9, palette[:2], (0, 0), index % 2)
    expect("gif-two-colors.gif", palette[index % 2])
    for transparent in (None, 5):
        name = f"gif-part{'' if transparent is None else '-transparent'}.gif"
        gif(name, 15, 13, palette, (2, 3), index, transparent=transparent)
        screen, covered = np.full((13, 15), transparent or 0), np.zeros((13, 15), bool)
        screen[3:12, 2:14], covered[3:12, 2:14] = index, True
        visible = covered & (screen != transparent) if transparent is not None else covered
        expect_alpha(name, palette[screen], np.where(visible, 255, 0).astype(np.uint8))
    ramp = np.repeat(np.arange(256)[:, None], 3, 1)
    gif("gif-gray-ramp.gif", 12, 9, ramp, (0, 0), index * 16)
    expect("gif-gray-ramp.gif", gray(index * 16))
    for name in ("transparent", "transparent-interlaced", "local", "two-colors", "part", "part-transparent", "gray-ramp"):
        found = next(e for e in __import__("make").entries if e["file"] == f"gif-{name}.gif")
        pixels = pillow(f"gif-{name}.gif")
        blob = __import__("make").blob
        assert bytes(blob[found["offset"]:found["offset"] + pixels.size]) == pixels.tobytes(), name
    big = rng.integers(0, 4, (20, 26)).repeat(3, 0).repeat(3, 1).astype(np.uint8)
    image = Image.fromarray(big, "P")
    image.putpalette(palette[:4].tobytes())
    image.save(path("gif-long-codes.gif"))
    expect("gif-long-codes.gif", pillow("gif-long-codes.gif"))


def modern():
    rgb = scene(16, 12)
    picture = Image.fromarray(rgb)
    opacity = np.tile(np.linspace(0, 255, 16).astype(np.uint8), (12, 1))
    clear = picture.convert("RGBA")
    clear.putalpha(Image.fromarray(opacity))
    clear.save(path("webp-lossy-alpha.webp"), quality=90)
    rgba = pillow("webp-lossy-alpha.webp", "RGBA")
    expect_alpha("webp-lossy-alpha.webp", rgba[..., :3], rgba[..., 3], tolerance=2)
    picture.save(path("webp-animated.webp"), save_all=True, append_images=[picture.rotate(90)], lossless=True)
    expect("webp-animated.webp", rgb)
    # Smooth, so that halved color is spread alike by everybody.
    y, x = np.mgrid[0:12, 0:16]
    soft = np.stack([60 + 3 * x, 200 - 4 * y, 90 + x + 2 * y], -1).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "soft.png")
        Image.fromarray(soft).save(source)
        for depth in (8, 10, 12):
            name = f"avif-{depth}.avif"
            subprocess.run(["avifenc", "-d", str(depth), "-y", "444", "--min", "0", "--max", "12", source, path(name)],
                           check=True, capture_output=True)
            expect(name, pillow(name), tolerance=2)
        name = "avif-gray.avif"
        subprocess.run(["avifenc", "-y", "400", "--min", "0", "--max", "12", source, path(name)], check=True,
                       capture_output=True)
        expect(name, pillow(name), tolerance=2)
    for depth in (8, 10, 12):
        name = f"heic-{depth}.heic"
        wide = (soft.astype(np.uint16) << 8) + 128
        heif = pillow_heif.from_bytes("RGB;16" if depth > 8 else "RGB", (16, 12),
                                      (wide if depth > 8 else soft).tobytes())
        pillow_heif.options.SAVE_HDR_TO_12_BIT = depth == 12
        heif.save(path(name), quality=95, chroma=444)
        expect(name, np.asarray(pillow_heif.open_heif(path(name)).to_pillow().convert("RGB")), tolerance=3)


def bombs():
    """Tiny files that announce 60,000 x 60,000 pixels, or the most that their format can."""
    picture = Image.fromarray(scene(16, 16))
    for kind in ("baseline", "progressive"):
        data = bytearray(encoded(picture, "JPEG", progressive=kind == "progressive"))
        at = data.index(b"\xff\xc2" if kind == "progressive" else b"\xff\xc0")
        data[at + 5:at + 9] = struct.pack(">HH", 60000, 60000)
        write(f"bomb-{kind}.jpg", data)
    gif("bomb.gif", 65535, 65535, [(0, 0, 0), (255, 0, 0)], (0, 0), np.zeros((4, 4), int))
    data = bytearray(open(path("bomb.gif"), "rb").read())
    at = data.index(b",\0\0\0\0")
    data[at + 5:at + 9] = struct.pack("<HH", 65535, 65535)
    write("bomb.gif", data)
    tiff("bomb.tif", np.zeros((16, 16, 3), int), 8, 2)
    data = bytearray(open(path("bomb.tif"), "rb").read())
    for tag in (256, 257):
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        data[at + 8:at + 12] = struct.pack("<I", 60000)
    write("bomb.tif", data)
    data = bytearray(encoded(picture, "JPEG2000"))
    data = data.replace(struct.pack(">II", 16, 16), struct.pack(">II", 60000, 60000))
    write("bomb.jp2", data)
    for kind in (2, 5, 6):
        write(f"bomb-{kind}.pnm", f"P{kind} 60000 60000 255 1 2 3 4".encode())
    write("bomb-1.pnm", b"P1 60000 60000 1 0 1")
    entries.extend({"file": name, "bomb": True} for name in sorted(os.listdir(path("."))) if name.startswith("bomb"))


def make():
    jpegs()
    bmps()
    pnms()
    icons()
    jpeg2000s()
    jpeg2000_colors()
    gifs()
    modern()
    bombs()
