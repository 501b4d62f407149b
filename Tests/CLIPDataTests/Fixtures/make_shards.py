"""Makes the tar fixtures beside it: well-formed ones as Python's tarfile writes them, and hostile ones."""
import gzip
import io
import pathlib
import tarfile

HERE = pathlib.Path(__file__).parent
LONG = "deep/" * 20 + "x" * 90


def add(tar, name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def make(name, entries, mode="w", format=tarfile.USTAR_FORMAT):
    with tarfile.open(HERE / name, mode, format=format) as tar:
        for entry in entries:
            add(tar, *entry[:2], **(entry[2] if len(entry) > 2 else {}))


plain = [("a/000.jpg", b"J" * 600), ("a/000.txt", b"zero"), ("001.png", b"P" * 512), ("001.json", b'{"caption":"one"}'),
         (LONG + ".jpg", b"L"), (LONG + ".txt", b"long")]
make("plain.tar", plain)
(HERE / "plain.tar.gz").write_bytes(gzip.compress((HERE / "plain.tar").read_bytes(), mtime=0))
foreign = [("Käse-猫.jpg", b"J"), ("Käse-猫.txt", "猫 🐈".encode()), ("é" * 120 + ".jpg", b"K"), ("é" * 120 + ".txt", b"e")]
make("pax.tar", foreign, format=tarfile.PAX_FORMAT)
make("gnu.tar", foreign, format=tarfile.GNU_FORMAT)
make("grouping.tar", [
    ("dir", b"", {"type": tarfile.DIRTYPE}), ("x.JPG", b"1"), ("x.seg.PNG", b"2"), ("x.txt", b"3"),
    ("._x.jpg", b"mac"), ("__meta__", b"m"), ("README", b"r"), ("x.txt", b"again"), ("x.jpg", b"again"),
    ("link.jpg", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
    ("hard.jpg", b"", {"type": tarfile.LNKTYPE, "linkname": "x.JPG"}),
    ("fifo.jpg", b"", {"type": tarfile.FIFOTYPE}), ("v1.0/y.jpg", b"4"), ("v1.0/y.txt", b"5")])
make("traversal.tar", [("../../evil.jpg", b"1"), ("../../evil.txt", b"2"), ("/abs/evil.jpg", b"3"), ("/abs/evil.txt", b"4")])


def header(name, size_field, type=b"0"):
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:124] = b"0000000\0" * 2
    block[124:136] = size_field
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = type
    block[257:265] = b"ustar\00000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


good = header(b"ok.jpg", b"00000000001\0") + b"J".ljust(512, b"\0") + header(b"ok.txt", b"00000000002\0") + b"ok".ljust(512, b"\0")
end = bytes(1024)
(HERE / "size_octal.tar").write_bytes(good + header(b"big.jpg", b"77777777777\0") + b"x" * 512 + end)
(HERE / "size_within_limit.tar").write_bytes(good + header(b"big.jpg", b"00400000000\0") + b"x" * 512 + end)
(HERE / "size_base256.tar").write_bytes(good + header(b"big.jpg", b"\x80" + b"\x00" * 3 + b"\x7f" + b"\xff" * 7) + b"x" * 512 + end)
(HERE / "size_negative.tar").write_bytes(good + header(b"big.jpg", b"\xff" * 12) + b"x" * 512 + end)
(HERE / "pax_size.tar").write_bytes(good + header(b"p", b"00000000034\0", b"x") + b"28 size=9223372036854775807\n".ljust(512, b"\0")
                                    + header(b"big.jpg", b"00000000001\0") + b"x" * 512 + end)
(HERE / "pax_huge_header.tar").write_bytes(good + header(b"p", b"77777777777\0", b"x") + b"28 path=a\n".ljust(512, b"\0") + end)
(HERE / "garbage_middle.tar").write_bytes(good + b"\xa5" * 1024 + good + end)
(HERE / "only_end.tar").write_bytes(bytes(10240))
(HERE / "no_samples.tar").write_bytes(header(b"README", b"00000000001\0") + b"J".ljust(512, b"\0") + end)
