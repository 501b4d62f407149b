// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "swift-clip",
    platforms: [.macOS(.v14)],
    products: [.library(name: "CLIPText", targets: ["CLIPText"])],
    targets: [
        .target(
            name: "CLIPText",
            exclude: ["make_resources.py"],
            resources: [
                .copy("Resources/merges.txt"),
                .copy("Resources/unicode.txt"),
                .copy("Resources/mojibake.txt"),
                .copy("Resources/html-entities.txt"),
            ]
        ),
        .testTarget(
            name: "CLIPTextTests",
            dependencies: ["CLIPText"],
            exclude: ["Fixtures"]
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
