import CLIP
import Files
import Foundation
import Imaging

/// Pictures that show what the figures of a set mean: some that are named rightly, some wrongly, some of the classes that are
/// most confused.
struct ExamplePictures {
    private struct Chosen {
        let place: Int
        let kind: SuiteResults.Example.Kind
        let actual: String
        let predicted: String
    }

    private static let countOfEach = 6

    private let chosen: [Chosen]
    private let keys: [String]

    init(_ set: EmbeddedSet, _ result: ZeroShotResult) throws {
        keys = set.samples.map(\.key)
        guard let figures = result.classification else {
            chosen = []
            return
        }
        let names = figures.classes.map(\.name)
        let labels = try set.labels()
        func choose(_ kind: SuiteResults.Example.Kind, _ places: [Int]) -> [Chosen] {
            places.map {
                Chosen(place: $0, kind: kind, actual: names[labels[$0]], predicted: names[result.predicted[$0]])
            }
        }
        /// One of each class before a second one, evenly over the set.
        func spread(_ places: [Int], _ count: Int) -> [Int] {
            var seen: [Int: Int] = [:]
            let ranked = places.map { place -> (Int, Int) in
                seen[labels[place], default: 0] += 1
                return (seen[labels[place]] ?? 0, place)
            }
            return ranked.sorted { $0 < $1 }.prefix(count).map(\.1)
        }
        let right = result.isRight.indices.filter { result.isRight[$0] }
        let wrong = result.isRight.indices.filter { !result.isRight[$0] }
        let confused = figures.mostConfused.prefix(2).flatMap { pair in
            wrong.filter { names[labels[$0]] == pair.actual && names[result.predicted[$0]] == pair.predicted }
                .prefix(Self.countOfEach / 2)
        }
        chosen =
            choose(.right, spread(right, Self.countOfEach)) + choose(.wrong, spread(wrong, Self.countOfEach))
            + choose(.confused, Array(confused))
    }

    /// Writes them small, as JPEG.
    func write(from set: EvaluationSet, to folder: ExampleFolder) throws -> [SuiteResults.Example] {
        let pictures = try set.smallPictures(of: Set(chosen.map { keys[$0.place] }))
        return try chosen.compactMap { choice in
            try pictures[keys[choice.place]].map { picture in
                SuiteResults.Example(
                    kind: choice.kind, key: keys[choice.place], actual: choice.actual, predicted: choice.predicted,
                    file: try folder.add(picture))
            }
        }
    }
}

/// Pictures that count as the same as one that was learned from, each beside that.
struct OverlapExamples {
    private static let count = 12
    private let pairs: [OverlapResult.Pair]

    init(_ result: OverlapResult) { pairs = Array(result.pairs.prefix(Self.count)) }

    /// Writes each pair as one small JPEG.
    func write(
        from set: EvaluationSet, training: EvaluationSet, to folder: ExampleFolder
    ) throws -> [SuiteResults.Example] {
        let own = try set.smallPictures(of: Set(pairs.map(\.key)))
        let learned = try training.smallPictures(of: Set(pairs.map(\.training)))
        return try pairs.compactMap { pair in
            guard let first = own[pair.key], let second = learned[pair.training] else { return nil }
            return SuiteResults.Example(
                kind: .seen, key: pair.key, actual: pair.key, predicted: pair.training,
                file: try folder.add(Self.beside(first, second)))
        }
    }

    /// The middles of both, squares on white.
    private static func beside(_ first: Picture, _ second: Picture) throws -> Picture {
        let side = max(min(first.width, first.height), min(second.width, second.height))
        let gap = 4
        let width = 2 * side + gap
        var pixels = [UInt8](repeating: 255, count: 3 * width * side)
        for (picture, start) in [(first, 0), (second, side + gap)] {
            for row in 0..<side {
                let from = row + (picture.height - side) / 2
                guard (0..<picture.height).contains(from) else { continue }
                for column in 0..<side {
                    let place = column + (picture.width - side) / 2
                    guard (0..<picture.width).contains(place) else { continue }
                    for color in 0..<3 {
                        pixels[3 * (row * width + start + column) + color] =
                            picture.pixels[3 * (from * picture.width + place) + color]
                    }
                }
            }
        }
        return try Picture(width: width, height: side, pixels: pixels)
    }
}

/// Where an evaluation's pictures go.
final class ExampleFolder {
    private let folder: String
    private let own: String
    private var count = 0

    /// - Parameters:
    ///   - folder: where the results lie.
    ///   - id: of the evaluation.
    init(_ folder: String, id: String) { (self.folder, own) = (folder, "examples/\(id.prefix(8))") }

    /// - Returns: the file's path within the results' folder.
    func add(_ picture: Picture) throws -> String {
        if count == 0 {
            try EvaluationError.wrapping { () throws(FileFault) in try Folder.make("\(folder)/\(own)") }
        }
        let name = "\(own)/\(count).jpg"
        let data = try picture.encoded(as: .jpeg(quality: 85))
        try EvaluationError.wrapping { () throws(FileFault) in try WholeFile.write(data, to: "\(folder)/\(name)") }
        count += 1
        return name
    }
}

extension EvaluationSet {
    private static let smallSide = 160

    /// Those of the samples with these keys that can be read, their shortest sides made 160 pixels at most.
    fileprivate func smallPictures(of keys: Set<String>) throws -> [String: Picture] {
        var found: [String: Picture] = [:]
        guard !keys.isEmpty else { return found }
        try source.read(while: { sample in
            guard keys.contains(sample.key), found[sample.key] == nil, let picture = try? sample.pictures().first
            else { return true }
            found[sample.key] = try picture.resizedForStorage(shortestSide: Self.smallSide)
            return found.count < keys.count
        })
        return found
    }
}
