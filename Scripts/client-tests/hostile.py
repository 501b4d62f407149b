"""Files and bodies that nobody should send."""
import io
import struct
import zlib

from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, color, data, interlaced=0):
    """A PNG of which `data` is all there is of the compressed rows."""
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zeros(count):
    """So many zero bytes, compressed a thousand times."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join(parts) + packer.compress(bytes(count & ((1 << 20) - 1))) + packer.flush()


def tiff(width, height, samples, data, compression=8, rows=None):
    """A TIFF of one strip, or of many that are all the same bytes."""
    rows = rows or height
    strips = -(-height // rows)
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [8] * samples), (259, 3, [compression]),
            (262, 3, [2 if samples > 2 else 1]), (273, 4, [0] * strips), (277, 3, [samples]), (278, 4, [rows]),
            (279, 4, [len(data)] * strips)]
    behind = 8 + 2 + 12 * len(tags) + 4

    def packed(kind, values):
        return struct.pack("<" + {3: "H", 4: "I"}[kind] * len(values), *values)

    longer = sum(len(packed(kind, values)) for _, kind, values in tags if len(packed(kind, values)) > 4)
    tags[5] = (273, 4, [behind + longer] * strips)
    entries, more = b"", b""
    for tag, kind, values in tags:
        value = packed(kind, values)
        if len(value) > 4:
            value, more = struct.pack("<I", behind + len(more)), more + value
        entries += struct.pack("<HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + more + data


def gif(width, height):
    """A frame of the whole size, of whose pixels nothing follows."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"


def many_frames(count):
    """A GIF of 4,000 by 4,000 with many frames, each a few bytes."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, 4000, 4000, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 4000, 4000, 0x80, 0, 0) + bytes(6) + frame * count + b";"


def jpeg(width, height):
    """A small JPEG that says that it is large."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(file, "JPEG")
    data = bytearray(file.getvalue())
    place = data.index(b"\xff\xc0") + 5
    data[place:place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def drawing(body, size='width="100000" height="100000"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>{body}</svg>'.encode()


def laughs():
    """Entities that hold ten of one another."""
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return (f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "ha">{lines}]>'
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&a9;</text></svg>').encode()


def uses():
    """Groups that show ten of one another."""
    groups = "".join(f'<g id="g{n}">' + f'<use xlink:href="#g{n - 1}"/>' * 10 + '</g>' for n in range(1, 12))
    return drawing(f'<defs><rect id="g0" width="1" height="1"/>{groups}</defs><use xlink:href="#g11"/>',
                   'width="64" height="64"')


def small(kind, size=(1, 1), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, 1).save(file, kind)
    return file.getvalue()


def bombs():
    """Name -> a file of few bytes that stands for many pixels, or for a lot of work."""
    side = 30_000
    return {
        "png, 1 bit, whole": png(side, side, 1, 0, zeros(side * (side // 8 + 1))),
        "png, gray, whole": png(side, side, 8, 0, zeros(side * (side + 1))),
        "png, RGBA of 16 bits, a beginning": png(side, side, 16, 6, zeros(1 << 26)),
        "png, of the largest size": png((1 << 31) - 1, (1 << 31) - 1, 8, 2, zeros(1 << 20)),
        "png, interlaced": png(side, side, 8, 2, zeros(1 << 24), interlaced=1),
        "gif, one frame": gif(65535, 65535),
        "gif, many frames": many_frames(20_000),
        "tiff, deflate": tiff(side, side, 3, zeros(1 << 26)),
        "tiff, the same strip many times": tiff(side, side, 3, zeros(side * 3 * 100), rows=100),
        "tiff, uncompressed and not there": tiff(side, side, 4, bytes(1000), compression=1),
        "tiff, a huge number of strips": tiff(1, 1_000_000, 1, zeros(1), rows=1),
        "jpeg": jpeg(65500, 65500),
        "svg, large": drawing('<rect width="100%" height="100%" fill="red"/>'),
        "svg, entities": laughs(),
        "svg, groups": uses(),
        "svg, a file": drawing('<image width="9" height="9" xlink:href="file:///etc/passwd"/>', 'width="9" height="9"'),
    }
