import CLIPData
import Foundation
import Torch

/// Where one process of several stands, as far as it is not where rank 0 does.
public struct ProcessPlace: Sendable, Equatable, Codable {
    /// Where its data go on; nil where all processes read one sequence.
    var cursor: DataCursor?
    /// What its generators hold, by the names of ``RandomState/tensors``.
    private var random: [String: Data]

    init(cursor: DataCursor?, random: RandomState) throws {
        self.cursor = cursor
        self.random = try random.tensors.mapValues { Data(try $0.bytes()) }
    }

    func random(on device: Device) throws -> RandomState {
        let tensors = try random.mapValues { bytes in
            try bytes.withUnsafeBytes { try Tensor(copying: $0, shape: [$0.count], dtype: .uint8) }
        }
        return try RandomState(tensors, device: device)
    }
}

extension RunState {
    /// Where this process stood, if there were as many as there are now.
    func ownPlace(in communicator: any Communicator) -> ProcessPlace? {
        guard let processes, processes.count == communicator.worldSize else { return nil }
        return processes[communicator.rank]
    }
}

extension RunGroup {
    /// Where every process stands, in the order of ranks; each has to give its own.
    /// - Parameter device: where the processes' communicator takes tensors.
    func gather(_ own: ProcessPlace, on device: Device) throws -> [ProcessPlace] {
        let encoded = try JSONEncoder().encode(own)
        let width = try communicator.maximum([encoded.count])[0]
        // Spaces after a document are nothing to JSON, and rows have to be equally long.
        let padded = encoded + Data(repeating: UInt8(ascii: " "), count: width - encoded.count)
        let row = try padded.withUnsafeBytes { try Tensor(copying: $0, shape: [1, width], dtype: .uint8) }
        let rows = try communicator.gatherRows(row.moved(to: device)).moved(to: .cpu).bytes()
        return try (0..<communicator.worldSize).map { rank in
            try JSONDecoder().decode(ProcessPlace.self, from: Data(rows[rank * width..<(rank + 1) * width]))
        }
    }
}
