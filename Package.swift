// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "swift-clip",
    platforms: [.macOS(.v14)],
    products: [],
    targets: [
        .systemLibrary(
            name: "CArchive", pkgConfig: "libarchive",
            providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .target(name: "CLIPData", dependencies: ["CArchive"]),
        .testTarget(name: "CLIPDataTests", dependencies: ["CLIPData"], resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
