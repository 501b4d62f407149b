"""Files built like cameras' RAW: a sensor's numbers, and the JPEG preview that is read from them."""
import io
import struct

import numpy as np
from PIL import Image

from make import expect, refuse, scene, write


def jpeg(width, height, exif=None):
    out = io.BytesIO()
    options = {} if exif is None else {"exif": exif}
    Image.fromarray(scene(width, height)).save(out, "JPEG", quality=90, **options)
    data = out.getvalue()
    return data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def directory(order, entries, start, following=0):
    """An image file directory at `start`; every value fits into its entry."""
    out = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in sorted(entries):
        if kind == 3 and count == 1:
            field = struct.pack(order + "HH", value, 0)
        else:
            field = struct.pack(order + "I", value)
        out += struct.pack(order + "HHI", tag, kind, count) + field
    return out + struct.pack(order + "I", following)


def raw(name, order="<", magic=None, orientation=1, in_first=(), sensor=(), mark=b"", preview=(24, 18)):
    """The first directory with a small and below it one with the sensor; then JPEGs of two sizes."""
    small, _ = jpeg(16, 12)
    large, rgb = jpeg(*preview)
    head = (magic or (b"II*\0" if order == "<" else b"MM\0*")) + struct.pack(order + "I", 32) + mark
    first = [(274, 3, 1, orientation), (330, 4, 1, 200), (513, 4, 1, 400), (514, 4, 1, len(small))] + list(in_first)
    body = head.ljust(32, b"\0") + directory(order, first, 32)
    body = body.ljust(200, b"\0") + directory(order, [(256, 4, 1, 80), (257, 4, 1, 60)] + list(sensor), 200)
    body = body.ljust(400, b"\0") + small + bytes(range(256)) + large + bytes(64)
    write(name, body)
    turned = {1: rgb, 6: np.rot90(rgb, 3), 8: np.rot90(rgb), 3: np.rot90(rgb, 2)}[orientation]
    expect(name, np.ascontiguousarray(turned), tolerance=2)


def make():
    cfa = (262, 3, 1, 32803)
    raw("raw-nikon.nef", sensor=[cfa, (259, 3, 1, 34713)], order=">")
    raw("raw-sony.arw", sensor=[cfa, (259, 3, 1, 32767)], orientation=8)
    raw("raw-adobe.dng", in_first=[(50706, 1, 4, 0x00000401)], orientation=6)
    raw("raw-linear.dng", sensor=[(262, 3, 1, 34892)])
    raw("raw-pentax.pef", sensor=[(259, 3, 1, 65535)], order=">")
    raw("raw-canon.cr2", mark=b"CR\2\0", orientation=3)
    raw("raw-olympus.orf", magic=b"IIRO")
    raw("raw-panasonic.rw2", magic=b"IIU\0")
    small, _ = jpeg(16, 12)
    exif = Image.Exif()
    exif[274] = 6
    large, rgb = jpeg(24, 18, exif)
    write("raw-fujifilm.raf", b"FUJIFILMCCD-RAW 0201" + bytes(80) + large + bytes(40))
    expect("raw-fujifilm.raf", np.ascontiguousarray(np.rot90(rgb, 3)), tolerance=2)
    plain, rgb = jpeg(24, 18)
    inner = b"II*\0" + struct.pack("<I", 8) + directory("<", [(274, 3, 1, 8)], 8)
    box = struct.pack(">I", 24) + b"ftypcrx " + struct.pack(">I", 1) + b"crx isom"
    box += struct.pack(">I", 8 + len(inner)) + b"CMT1" + inner
    write("raw-canon.cr3", box + b"\0\0\0\x20PRVW" + bytes(24) + small + plain + bytes(30))
    expect("raw-canon.cr3", np.ascontiguousarray(np.rot90(rgb)), tolerance=2)
    write("raw-bare.dng", b"II*\0" + struct.pack("<I", 8) + directory("<", [(50706, 1, 4, 1025), cfa], 8) + bytes(99))
    refuse("raw-bare.dng", "no JPEG preview")
