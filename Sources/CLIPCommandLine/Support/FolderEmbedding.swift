import CLIP
import CLIPData
import Foundation
import Torch

/// Pictures to vectors in a folder of parts, a batch at a time.
struct FolderEmbedding {
    let list: PictureList
    let output: String
    let division: FolderOptions
    let options: PictureOptions
    let normalized: Bool
    /// Whether a picture that cannot be read ends all.
    let isStrict: Bool
    let shared: SharedOptions

    struct Document: Encodable {
        var model: String
        /// What the towers computed in.
        var precision: String
        var output: String
        /// Those with a vector, in all parts.
        var pictures: Int
        /// Those that could not be read, in all parts.
        var leftOut: Int
        var parts: Int
        /// Of this process, without loading the model.
        var seconds: Double
        var picturesPerSecond: Double
        /// How many pictures were done before, those that could not be read counted; nil where this run began anew.
        var resumedFrom: Int?
    }

    func run() throws {
        let clip = try shared.load()
        let space = try clip.space(normalized: normalized)
        let shard = division.shard?.value
        let settings = EmbeddingFolder.Settings(
            space: space, computation: computation(clip), names: list.names, shard: shard,
            partSize: division.pictures)
        let run = try EmbeddingRun(output, settings: settings)
        let own = list.part(shard?.range(of: list.names.count) ?? 0..<list.names.count)
        let before = run.done
        let start = ProcessInfo.processInfo.systemUptime
        var bad = BadPictures()
        if !run.isFinished { try embed(own, clip, into: run, &bad) }
        let seconds = ProcessInfo.processInfo.systemUptime - start
        try report(run, clip, before: before, seconds: seconds)
        try bad.finish()
    }

    /// What decides the numbers beside the model.
    private func computation(_ clip: CLIPModel) -> [String: String] {
        [
            "precision": clip.computing,
            "products of 32-bit matrices": shared.compute.float32MatmulPrecision.value.rawValue,
            "transparency": options.alpha.rawValue,
            "memory for a picture": options.memory.description,
        ]
    }

    private func embed(
        _ own: PictureList, _ clip: CLIPModel, into run: EmbeddingRun, _ bad: inout BadPictures
    ) throws {
        if run.done > 0 {
            Console.note(
                "clip: going on after \(Format.grouped(run.done)) pictures, \(Format.counted(run.summary.parts, "part"))"
            )
        }
        let stream = try EmbeddingStream(
            clip, options: options, normalized: normalized,
            batchSize: min(EmbeddingStream.usualBatchSize(on: clip.model.device), division.pictures))
        var progress = EmbeddingProgress(done: run.done, of: own.count, leftOut: run.summary.leftOut)
        try stream.run(
            own, skipping: run.done, onSkip: run.pass, cut: division.pictures, endsWithFailure: isStrict
        ) { batch in
            var names: [String] = []
            var leftOut: [Embeddings.LeftOut] = []
            for (name, failure) in batch.pictures {
                guard let failure else {
                    names.append(name)
                    continue
                }
                Console.endStatus()
                bad.leftOut(name, failure)
                leftOut.append(.init(name, reason: Advice.message(of: failure)))
            }
            try run.add(batch.output?.vectors, names: names, leftOut: leftOut)
            progress.show(batch.pictures.count, leftOut: leftOut.count)
        }
        Console.endStatus()
        try run.finish()
    }

    private func report(_ run: EmbeddingRun, _ clip: CLIPModel, before: Int, seconds: Double) throws {
        let summary = run.summary
        let rate = Double(run.done - before) / max(seconds, 1e-9)
        if shared.json {
            return try Console.printJSON(
                Document(
                    model: clip.name, precision: clip.computing, output: run.folder.path, pictures: summary.pictures,
                    leftOut: summary.leftOut, parts: summary.parts, seconds: seconds, picturesPerSecond: rate,
                    resumedFrom: before > 0 ? before : nil))
        }
        let left = summary.leftOut > 0 ? ", \(Format.grouped(summary.leftOut)) could not be read" : ""
        let work =
            before > 0 && before == run.done
            ? "all was done before" : "\(Format.fixed(rate, 1)) pictures/s in \(Format.duration(seconds))"
        try Console.answer(
            "\(run.folder.path): \(Format.grouped(summary.pictures)) pictures in "
                + "\(Format.counted(summary.parts, "part"))\(left) (\(work))")
    }
}

/// How far a long run is: a moving line on a terminal, a line a minute elsewhere.
struct EmbeddingProgress {
    private var done: Int
    private let total: Int?
    private var leftOut: Int
    /// When how many were done, of the last half minute.
    private var marks: [(time: Double, done: Int)]
    private var lastLine: Double

    private static let window = 30.0
    private static let secondsOfLine = 60.0

    /// - Parameters:
    ///   - total: nil where the list does not say.
    ///   - now: seconds since the system began.
    init(done: Int, of total: Int?, leftOut: Int, at now: Double = ProcessInfo.processInfo.systemUptime) {
        (self.done, self.total, self.leftOut) = (done, total, leftOut)
        (marks, lastLine) = ([(now, done)], now)
    }

    mutating func show(_ pictures: Int, leftOut more: Int) {
        let now = ProcessInfo.processInfo.systemUptime
        let line = line(adding: pictures, leftOut: more, at: now)
        Console.status(line)
        if !Console.errorIsTerminal, now - lastLine >= Self.secondsOfLine {
            Console.note("clip: \(line)")
            lastLine = now
        }
    }

    /// What is told once so many more pictures are done, some of them without a vector.
    mutating func line(adding pictures: Int, leftOut more: Int, at now: Double) -> String {
        done += pictures
        leftOut += more
        marks.append((now, done))
        while marks.count > 2, now - marks[0].time > Self.window { marks.removeFirst() }
        let seconds = now - marks[0].time
        let rate = seconds > 0 ? Double(done - marks[0].done) / seconds : 0
        var parts = ["\(Format.grouped(done))\(total.map { "/\(Format.grouped($0))" } ?? "") pictures"]
        if rate > 0 {
            parts.append("\(Format.fixed(rate, 1)) pictures/s")
            if let total { parts.append("\(Format.duration(Double(max(0, total - done)) / rate)) left") }
        }
        if leftOut > 0 { parts.append("\(Format.grouped(leftOut)) left out") }
        return parts.joined(separator: "  ")
    }
}
