import Torch

/// Names and sizes of a checkpoint's tensors, for families that find their shape in them.
package struct CheckpointShapes: Sendable {
    let checkpoint: Checkpoint

    /// Whether its towers are known to be OpenAI's; see ``Checkpoint/provenPublisher``.
    var isOpenAIs: Bool { checkpoint.provenPublisher != nil }

    /// Far more than any model has, and far from where products overflow: a file may claim any size for an empty tensor.
    private static let largestSide = 1 << 24

    /// The sizes of a tensor of so many dimensions; nil where there is none, or not of that many.
    subscript(_ name: String, rank rank: Int) -> [Int]? {
        guard let shape = checkpoint.tensors[name]?.shape, shape.count == rank else { return nil }
        return shape.allSatisfy { $0 <= Self.largestSide } ? shape : nil
    }

    /// One more than the highest number that follows a name; 0 where that is no number a model has.
    func count(numbered prefix: String) -> Int {
        let numbers = checkpoint.tensors.keys.compactMap { name -> Int? in
            guard name.hasPrefix(prefix + ".") else { return nil }
            return Int(name.dropFirst(prefix.count + 1).prefix { $0 != "." })
        }
        let highest = numbers.max() ?? -1
        return highest < 1000 ? highest + 1 : 0
    }

    /// The side of a square grid with one position before it; nil for a number of positions that makes none.
    static func grid(_ positions: Int) -> Int? {
        guard positions > 1 else { return nil }
        let grid = Int(Double(positions - 1).squareRoot().rounded())
        return grid * grid + 1 == positions ? grid : nil
    }
}
