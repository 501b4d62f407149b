// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "swift-clip",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "Torch", targets: ["Torch"])
    ],
    targets: [
        // Layer 0: doors to C and C++ libraries, and what knows nothing of tensors.
        .systemLibrary(name: "CLibtorch", pkgConfig: "libtorch"),
        .target(name: "CTorch", dependencies: ["CLibtorch"]),
        // Layer 1
        .target(name: "Torch", dependencies: ["CTorch"]),
        // Layer 2
        .target(name: "TorchNN", dependencies: ["Torch"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
