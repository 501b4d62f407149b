// swift-tools-version: 6.1
import PackageDescription

// Build with `--sanitize fuzzer`, as `make fuzz` does: README.md.
let package = Package(
    name: "swift-clip-fuzz",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "swift-clip", path: "..")],
    targets: [
        .target(name: "FuzzSupport"),
        harness("FuzzSafetensors"),
        harness("FuzzTorchArchive"),
        harness("FuzzPictures"),
        harness("FuzzTokenizers"),
        harness("FuzzTokenizerFiles"),
    ],
    swiftLanguageModes: [.v6]
)

/// One entry point: what reads bytes from elsewhere, under libFuzzer's loop.
func harness(_ name: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["FuzzSupport", .product(name: "CLIPReaders", package: "swift-clip")])
}
