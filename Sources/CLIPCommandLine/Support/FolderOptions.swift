import ArgumentParser
import CLIP
import Files
import Foundation

/// How vectors are divided into the files of a folder, and a list among machines.
struct FolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pictures of a part, in a folder (default: \(FolderOptions.usualPartSize)): what a kill loses at most.",
            valueName: "count"))
    var partSize: Int?

    @Option(
        help: ArgumentHelp(
            "Which part of the list this machine does, of how many: 1/16 to 16/16. All get the same list and folder.",
            valueName: "i/n"))
    var shard: Shard?

    /// A part of a list, as people write it: 3/16.
    struct Shard: ExpressibleByArgument {
        let value: EmbeddingFolder.Shard

        init?(argument: String) {
            let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
            guard numbers.count == 2, let index = numbers[0], let count = numbers[1], count <= 100_000,
                let value = EmbeddingFolder.Shard(index, of: count)
            else { return nil }
            self.value = value
        }
    }

    private static let usualPartSize = 10_000
    private static let mostPartSize = 1_000_000

    var areGiven: Bool { partSize != nil || shard != nil }
    var pictures: Int { partSize ?? Self.usualPartSize }

    func validate() throws {
        if let partSize, !(1...Self.mostPartSize).contains(partSize) {
            throw ValidationError("--part-size takes a number from 1 to \(Self.mostPartSize).")
        }
    }

    /// Whether an output is to be a folder: one that is there, or a new name that does not end in .npy.
    static func isFolder(_ output: String) -> Bool {
        if output.hasSuffix("/") { return true }
        guard !output.isEmpty, !output.lowercased().hasSuffix(".npy") else { return false }
        return Folder.exists(output) || !FileManager.default.fileExists(atPath: output)
    }
}
