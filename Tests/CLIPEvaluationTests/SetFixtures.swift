import CLIPData
import Foundation
import Imaging
import Testing

@testable import CLIPEvaluation

/// Makes tiny sets of pictures, and reads sets.
enum SetFixtures {
    /// Writes a file and its folders.
    @discardableResult static func write(_ bytes: some Sequence<UInt8>, to path: String) throws -> String {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @discardableResult static func write(_ text: String, to path: String) throws -> String {
        try write(text.utf8, to: path)
    }

    /// A file of MNIST's kind.
    static func idx(type: UInt8 = 8, shape: [Int], values: [UInt8]) -> [UInt8] {
        let sizes = shape.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
        return [0, 0, type, UInt8(shape.count)] + sizes + values
    }

    /// gzip (RFC 1952) with one block of deflate that is stored as it is (RFC 1951, section 3.2.4).
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var checksum = UInt32.max
        for byte in bytes {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
        }
        let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        let block = [1] + little(bytes.count, 2) + little(~bytes.count, 2) + bytes
        return header + block + little(Int(~checksum), 4) + little(bytes.count, 4)
    }

    /// What `numpy.save` makes of a vector.
    static func npy(_ type: String, count: Int, _ values: [UInt8]) -> Data {
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(count),), }"
        let header = text.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
        return Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + values)
    }

    /// A picture of one color, 2 wide and 1 high.
    static func picture(_ value: UInt8) throws -> Picture {
        try Picture(width: 2, height: 1, pixels: [value, 0, 1, value, 0, 1])
    }

    static func png(_ value: UInt8) throws -> Data { try picture(value).encoded(as: .png(compression: 6)) }

    /// A shard's sample: what it consists of.
    typealias Sample = [(fileExtension: String, data: Data)]

    /// A tar shard; keys are numbers.
    @discardableResult
    static func shard(_ path: String, _ samples: [Sample], from number: Int = 0) throws -> String {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let writer = try ShardWriter(path: path)
        for (place, files) in samples.enumerated() {
            try writer.append(key: String(format: "s%07d", number + place), files: files)
        }
        try writer.finish()
        return path
    }

    /// A picture and what says what it is.
    static func sample(_ value: UInt8, _ fileExtension: String, _ text: String) throws -> Sample {
        [("png", try png(value)), (fileExtension, Data(text.utf8))]
    }
}

extension EvaluationSet {
    /// All of it.
    func samples() throws -> [EvaluationSample] {
        var samples: [EvaluationSample] = []
        try source.read { samples.append($0) }
        return samples
    }
}

/// The reason why a file is not what it should be, and fails the test where it passes or fails otherwise.
func damage(
    of path: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> some Any
) -> String {
    do {
        _ = try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch EvaluationError.damaged(let found, let reason) {
        #expect(found == path, sourceLocation: sourceLocation)
        return reason
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
    return ""
}

/// Expects equal bytes, naming the first place where they are not.
func expectEqual(_ found: [UInt8], _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    let first = zip(found, expected).enumerated().first { $1.0 != $1.1 }
    if let first {
        Issue.record("\(first.1.0) where \(first.1.1) is expected at \(first.0)", sourceLocation: sourceLocation)
    }
}
