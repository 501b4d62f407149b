// swift-tools-version: 6.1
import PackageDescription

// CMakeLists.txt builds the door to libtorch without Swift, for a GPU machine's libtorch. With CLIP_SHIM set, that
// library is linked instead of compiling the door's sources here (Documentation/GPU.md).
let door: Target =
    Context.environment["CLIP_SHIM"] != nil
    ? .systemLibrary(name: "CTorch", path: "Sources/CTorchBuilt")
    : .target(
        name: "CTorch", dependencies: ["CLibtorch"], exclude: ["CMakeLists.txt", "Check"],
        cxxSettings: [.headerSearchPath("GlooDeclarations")])

// `make documentation` alone needs the plugin; nobody who depends on this package fetches it.
let documentation: [Package.Dependency] =
    Context.environment["CLIP_DOCUMENTATION"] != nil
    ? [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0")] : []

let package = Package(
    name: "swift-clip",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "CLIP", targets: ["CLIP", "CLIPText", "Files", "Imaging", "ModelHub", "Torch", "TorchNN"]),
        .library(
            name: "CLIPTraining",
            targets: ["CLIPTraining", "CLIPData", "CLIPEvaluation", "CLIPCorpus"]),
        .library(name: "CLIPSearch", targets: ["CLIPSearch", "CLIPData"]),
        .library(name: "CLIPServer", targets: ["CLIPServer"]),
        .library(name: "CLIPReaders", targets: ["CLIPText", "Files", "Imaging", "Safetensors", "TorchArchive"]),
        .executable(name: "clip", targets: ["ClipMain"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ] + documentation,
    targets: [
        // Layer 0: doors to C and C++ libraries, and what knows nothing of tensors.
        .systemLibrary(name: "CLibtorch", pkgConfig: "libtorch"),
        .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"]), .brew(["vips"])]),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(
            name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
        .systemLibrary(
            name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .systemLibrary(
            name: "CGLib", pkgConfig: "glib-2.0", providers: [.apt(["libglib2.0-dev"]), .brew(["glib"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
        .systemLibrary(
            name: "CLibSentencePiece", pkgConfig: "sentencepiece",
            providers: [.apt(["libsentencepiece-dev"]), .brew(["sentencepiece"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(name: "CSentencePiece", dependencies: ["CLibSentencePiece"]),
        .target(name: "CFiles"),
        .target(name: "CScan"),
        .target(name: "Files", dependencies: ["CFiles", "CZlib"]),
        .target(name: "Checksums", dependencies: ["CGLib", "CXXHash", "Files"]),
        door,
        .target(name: "StrictJSON"),
        .target(
            name: "CLIPText", dependencies: ["Checksums", "CSentencePiece", "Files", "StrictJSON"],
            exclude: ["make_resources.py", "make_rules.py"],
            resources: ["merges", "unicode", "mojibake", "html-entities", "rules", "bert-chinese"].map {
                .copy("Resources/\($0).txt")
            }),
        .target(name: "Safetensors", dependencies: ["Files", "StrictJSON"]),
        .target(name: "TorchArchive", dependencies: ["Files"]),
        // Layer 1
        .target(name: "Torch", dependencies: ["CTorch", "Files"]),
        .target(name: "Imaging", dependencies: ["CTIFF", "CTurboJPEG", "CVips", "Files"]),
        .target(name: "Pages"),
        .target(name: "Transfer", dependencies: ["Checksums", "Files"]),
        // Layer 2
        .target(name: "ModelHub", dependencies: ["Files", "Transfer"]),
        .target(name: "TorchNN", dependencies: ["Torch"]),
        // Layer 3
        .target(
            name: "CLIP",
            dependencies: [
                "Checksums", "CLIPText", "Files", "Imaging", "ModelHub", "Safetensors", "StrictJSON", "Torch",
                "TorchArchive", "TorchNN", "Transfer",
            ],
            exclude: ["Resources/make_architectures.py"],
            resources: [.copy("Resources/Models"), .copy("Resources/architectures.json")]),
        // Layer 4
        .target(name: "CLIPData", dependencies: ["CArchive", "Files", "Transfer"]),
        // Layer 5
        .target(
            name: "CLIPSearch",
            dependencies: [
                "CLIP", "CLIPData", "CPQ", "CScan", "Checksums", "Files", "Imaging", "Torch",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .target(
            name: "CLIPCorpus", dependencies: ["CLIPData", "CLIPText", "Files", "Imaging"],
            resources: ["first", "demo"].map { .copy("Resources/\($0).txt") }),
        .target(
            name: "CLIPEvaluation",
            dependencies: [
                "CLIP", "CLIPData", "CLIPText", "Checksums", "Files", "Imaging", "Pages", "Torch",
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.copy("Resources/published.json")]),
        .target(
            name: "CLIPTraining",
            dependencies: [
                "Checksums", "CLIP", "CLIPData", "CLIPText", "Files", "Imaging", "Pages", "Torch", "TorchNN",
            ]),
        // Layer 6
        .target(
            name: "CLIPServer",
            dependencies: [
                "CLIP", "CLIPSearch", "CLIPText", "Files", "Imaging", "Torch",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Resources/Page"), .copy("Resources/openapi.json")]),
        .target(
            name: "CLIPExperiments",
            dependencies: [
                "CLIP", "CLIPData", "CLIPEvaluation", "CLIPText", "CLIPTraining", "Files", "Pages", "Torch", "TorchNN",
            ]),
        // Layer 7
        .executableTarget(name: "ClipMain", dependencies: ["CLIPCommandLine"]),
        .target(
            name: "CLIPCommandLine",
            dependencies: [
                "CLIP", "CLIPCorpus", "CLIPData", "CLIPEvaluation", "CLIPExperiments", "CLIPSearch", "CLIPServer",
                "CLIPText", "CLIPTraining", "Files", "Imaging", "ModelHub", "Pages", "Torch", "TorchNN",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        // Examples: programs to read and change, built with the package and not installed.
        .executableTarget(
            name: "PictureTowardsWords",
            dependencies: [
                "CLIP", "CLIPData", "Files", "Imaging", "Torch", "TorchNN",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Examples/PictureTowardsWords"),
        .executableTarget(name: "FirstLook", dependencies: ["CLIP", "Imaging"], path: "Examples/FirstLook"),
        .executableTarget(name: "ClassifyFolder", dependencies: ["CLIP", "Imaging"], path: "Examples/ClassifyFolder"),
        .executableTarget(name: "EmbedAndSearch", dependencies: ["CLIP", "Imaging"], path: "Examples/EmbedAndSearch"),
        .executableTarget(
            name: "FineTune", dependencies: ["CLIP", "CLIPData", "CLIPTraining"], path: "Examples/FineTune"),
        // Tests: one target per library, and what several of them need.
        .target(name: "LoopbackServer", dependencies: ["Checksums", "Transfer"], path: "Tests/LoopbackServer"),
        .target(name: "TestSupport", dependencies: ["Torch"], path: "Tests/TestSupport"),
        .target(name: "CForkServer", path: "Tests/CForkServer"),
        .executableTarget(
            name: "ClipHost", dependencies: ["CForkServer", "CLIPCommandLine", "CLIPText"], path: "Tests/ClipHost"),
        .target(name: "MetaKernels", dependencies: ["CLibtorch"], path: "Tests/MetaKernels"),
        .testTarget(name: "TorchTests", dependencies: ["Torch", "TestSupport"]),
        .testTarget(name: "TorchNNTests", dependencies: ["Torch", "TorchNN", "TestSupport"]),
        .testTarget(name: "CLIPSearchTests", dependencies: ["CLIP", "CLIPSearch", "CScan", "Files", "TestSupport"]),
        .testTarget(
            name: "CLIPServerTests",
            dependencies: [
                "CLIP", "CLIPSearch", "CLIPServer", "Imaging", "LoopbackServer", "TestSupport", "Torch",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "ChecksumsTests", dependencies: ["Checksums"]),
        .testTarget(name: "TransferTests", dependencies: ["Files", "Transfer", "LoopbackServer"]),
        .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"]),
        .testTarget(
            name: "ModelHubTests", dependencies: ["Files", "ModelHub", "Transfer", "LoopbackServer"]),
        .testTarget(name: "SafetensorsTests", dependencies: ["Files", "Safetensors"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "TorchArchiveTests", dependencies: ["Files", "TorchArchive"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CLIPTextTests", dependencies: ["CLIPText", "Files"], exclude: ["Fixtures"]),
        .testTarget(name: "ImagingTests", dependencies: ["Files", "Imaging"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CLIPTests",
            dependencies: [
                "CLIP", "CLIPText", "Files", "Imaging", "LoopbackServer", "MetaKernels", "ModelHub", "Safetensors",
                "TestSupport", "Torch", "TorchArchive", "TorchNN",
            ],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CLIPDataTests", dependencies: ["CLIPData", "LoopbackServer", "TestSupport", "Transfer"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CLIPCommandLineTests",
            dependencies: [
                "ClipMain", "ClipHost", "CForkServer", "CLIPCommandLine", "CLIP", "CLIPData", "CLIPTraining", "Files",
                "Imaging", "Pages", "TestSupport", "Torch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "ExamplesTests",
            dependencies: [
                "FirstLook", "ClassifyFolder", "EmbedAndSearch", "FineTune", "LoopbackServer", "TestSupport",
            ]),
        .testTarget(
            name: "PictureTowardsWordsTests",
            dependencies: ["CLIP", "Imaging", "PictureTowardsWords", "TestSupport", "Torch"]),
        .testTarget(
            name: "CLIPTrainingTests",
            dependencies: [
                "CLIP", "CLIPData", "CLIPText", "CLIPTraining", "Files", "Pages", "TestSupport", "Torch", "TorchNN",
            ],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "CLIPEvaluationTests",
            dependencies: ["CLIP", "CLIPData", "CLIPEvaluation", "Imaging", "TestSupport", "Torch"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "CLIPCorpusTests", dependencies: ["CLIPCorpus", "CLIPData", "Files", "Imaging"]),
        .testTarget(
            name: "CLIPExperimentsTests",
            dependencies: ["CLIP", "CLIPExperiments", "CLIPText", "CLIPTraining", "TestSupport", "Torch", "TorchNN"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "PagesTests", dependencies: ["Pages"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
