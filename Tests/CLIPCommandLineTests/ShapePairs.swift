import CLIPData
import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures of colored shapes whose captions name color and shape: pairs that a tiny model learns in seconds.
enum ShapePairs {
    struct Pair {
        let name: String
        let picture: Data
        let caption: String
        let shape: String
    }

    private static let colors: [(name: String, value: [UInt8])] = [
        ("red", [220, 30, 30]), ("green", [30, 170, 60]), ("blue", [40, 60, 220]), ("yellow", [240, 210, 30]),
    ]
    private static let shapes: [(name: String, contains: @Sendable (Int, Int) -> Bool)] = [
        ("square", { abs($0) < 10 && abs($1) < 10 }), ("dot", { abs($0) < 4 && abs($1) < 4 }),
        ("bar", { _, y in abs(y) < 4 }), ("post", { x, _ in abs(x) < 4 }),
    ]
    static let captions = colors.flatMap { color in shapes.map { "a \(color.name) \($0.name)" } }
    private static let side = 32

    /// Every color and shape `variants` times, each time somewhat elsewhere.
    static func make(variants: Range<Int>) throws -> [Pair] {
        try variants.flatMap { variant in
            try colors.flatMap { color in
                try shapes.map { shape in
                    let (dx, dy) = (variant % 3 - 1, variant / 3 % 3 - 1)
                    var pixels: [UInt8] = []
                    for y in 0..<side {
                        for x in 0..<side {
                            let isInside = shape.contains(x - side / 2 + 2 * dx, y - side / 2 + 2 * dy)
                            pixels += isInside ? color.value : [UInt8](repeating: UInt8(235 + 4 * variant), count: 3)
                        }
                    }
                    let picture = try Picture(width: side, height: side, pixels: pixels)
                    return Pair(
                        name: "\(color.name)-\(shape.name)-\(variant)",
                        picture: try picture.encoded(as: .png(compression: 6)),
                        caption: "a \(color.name) \(shape.name)", shape: shape.name)
                }
            }
        }
    }

    static func writeShard(_ pairs: [Pair], to path: String, more: [(String, [(String, Data)])] = []) throws {
        let writer = try ShardWriter(path: path)
        for pair in pairs {
            let record = try JSONSerialization.data(withJSONObject: ["caption": pair.caption, "category": pair.shape])
            try writer.append(key: pair.name, files: [("png", pair.picture), ("json", record)])
        }
        for (key, files) in more { try writer.append(key: key, files: files.map { ($0.0, $0.1) }) }
        try writer.finish()
    }

    /// A model's configuration and 64 training pairs in two shards, 16 held-out ones in a third.
    static func prepare(in folder: String) throws {
        _ = try Fixture.write(configuration.utf8, to: folder + "/tiny.json")
        let pairs = try make(variants: 0..<4)
        try writeShard(Array(pairs[..<32]), to: folder + "/train-0.tar")
        try writeShard(Array(pairs[32...]), to: folder + "/train-1.tar")
        try writeShard(make(variants: 4..<5), to: folder + "/val.tar")
    }

    private static let configuration = """
        {
          "embed_dim": 16,
          "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 32, "head_width": 16, "layers": 2},
          "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
        }
        """

    /// The arguments of a training run on what ``prepare(in:)`` wrote.
    static func train(_ folder: String, _ more: String..., data: String? = nil) -> [String] {
        ["train", "--model", folder + "/tiny.json", "--train-data", data ?? folder + "/train-{0..1}.tar"]
            + ["--batch-size", "16", "--lr", "3e-3", "--warmup", "10", "--threads", "1", "--seed", "5"] + more
    }
}

/// A run's `metrics.jsonl`.
struct Metrics {
    let steps: [[String: Any]]
    let evaluations: [[String: Any]]
    let warnings: [String]

    init(_ run: String) throws {
        let text = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
        let lines = try text.split(separator: "\n").map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        steps = lines.filter { $0["loss"] != nil }
        warnings = lines.compactMap { ($0["warning"] as? [String: Any])?["kind"] as? String }
        evaluations = lines.filter { $0["evaluation"] != nil }
    }

    var numbers: [Int] { steps.compactMap { $0["step"] as? Int } }
    var losses: [Double] { steps.compactMap { $0["loss"] as? Double } }
}
