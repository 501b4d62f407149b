// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "swift-clip",
    platforms: [.macOS(.v14)],
    products: [],
    targets: [
        .target(name: "Safetensors"),
        .testTarget(name: "SafetensorsTests", dependencies: ["Safetensors"], resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
