import Foundation
import TestSupport

@testable import CLIPData

/// Writes shards `train-0.tar`, `train-1.tar`, … and returns the specification that names them.
///
/// Pairs are numbered throughout: key and caption `000012`, the picture's bytes the same text.
func makeShards(in folder: TemporaryFolder, counts: [Int]) throws -> String {
    var number = 0
    for (index, count) in counts.enumerated() {
        let writer = try ShardWriter(path: folder.path("train-\(index).tar"))
        for _ in 0..<count {
            let name = String(format: "%06d", number)
            try writer.append(key: name, files: [("jpg", Data(name.utf8)), ("txt", Data(name.utf8))])
            number += 1
        }
        try writer.finish()
    }
    return folder.path("train-{0..\(counts.count - 1)}.tar")
}

/// All pairs of a source in its own order, and what was skipped.
func collect(_ source: PairSource) throws -> (samples: [PairSample], skipped: [SkippedSample]) {
    let stream = try PairStream(source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0)
    var samples: [PairSample] = []
    var skipped: [SkippedSample] = []
    while let step = try stream.next() {
        switch step {
        case .pair(let pair): samples.append(pair.sample)
        case .skipped(let sample): skipped.append(sample)
        }
    }
    return (samples, skipped)
}

/// Gathers values from several threads.
final class Recorder<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [Value] = []

    func record(_ value: Value) {
        lock.lock()
        stored.append(value)
        lock.unlock()
    }

    var values: [Value] {
        lock.lock()
        defer { lock.unlock() }
        return stored
    }
}
