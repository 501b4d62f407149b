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
    private static let side = 160

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
    func write(from set: EvaluationSet, to folder: String, id: String) throws -> [SuiteResults.Example] {
        var wanted: [String: [Chosen]] = [:]
        for choice in chosen { wanted[keys[choice.place], default: []].append(choice) }
        guard !wanted.isEmpty else { return [] }
        let own = "examples/\(id.prefix(8))"
        try EvaluationError.wrapping { () throws(FileFault) in try Folder.make("\(folder)/\(own)") }
        var files: [String: String] = [:]
        try set.source.read(while: { sample in
            guard wanted[sample.key] != nil, files[sample.key] == nil, let picture = try? sample.pictures().first
            else { return true }
            let name = "\(own)/\(files.count).jpg"
            let small = try picture.resizedForStorage(
                shortestSide: min(Self.side, min(picture.width, picture.height)))
            let data = try small.encoded(as: .jpeg(quality: 85))
            try EvaluationError.wrapping { () throws(FileFault) in
                try WholeFile.write(data, to: "\(folder)/\(name)")
            }
            files[sample.key] = name
            return files.count < wanted.count
        })
        return chosen.compactMap { choice in
            files[keys[choice.place]].map { file in
                SuiteResults.Example(
                    kind: choice.kind, key: keys[choice.place], actual: choice.actual, predicted: choice.predicted,
                    file: file)
            }
        }
    }
}
