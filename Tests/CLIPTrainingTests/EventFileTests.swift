import Foundation
import TestSupport
import Testing

@testable import CLIP
@testable import CLIPTraining

/// TensorBoard's event files, against bytes that TensorBoard's own writer made (Fixtures/events/make_events.py).
@Suite struct EventFileTests {
    private static let time = Date(timeIntervalSince1970: 1_700_000_000.25)
    private static let scalars: [(step: Int, values: [(tag: String, value: Double)])] = [
        (0, [("loss/total", 5.5), ("optimizer/lr", 1e-5)]),
        (1, [("loss/total", 5.25), ("optimizer/lr", 2e-5)]),
        (300, [("evaluation/image_to_text_R@1", 0.125), ("größe", -1)]),
        (1 << 40, [("throughput/pairs_per_second", 123_456)]),
    ]

    /// The examples of RFC 3720, appendix B.4, and the usual check value.
    private static let checksums: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E), ((0..<32).reversed(), 0x113F_DB5C), (command, 0xD996_3A56),
        (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ]
    private static let command: [UInt8] = [
        0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
        0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
    ]

    @Test(arguments: checksums)
    func checksumsAreCastagnoli(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
    }

    @Test func bytesAreThoseOfTensorBoardsWriter() throws {
        let folder = try #require(Bundle.module.path(forResource: "Fixtures", ofType: nil))
        let expected = try Data(contentsOf: URL(fileURLWithPath: folder + "/events/events.expected"))
        try withTemporaryDirectory { folder in
            let file = try EventFile(directory: folder + "/tensorboard", resumingAt: 300, time: Self.time)
            for (step, values) in Self.scalars { try file.write(values, step: step, time: Self.time) }
            let found = try Data(contentsOf: URL(fileURLWithPath: file.path))
            let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            #expect(found == expected, "first difference at byte \(place ?? min(found.count, expected.count))")
        }
    }

    @Test func filesHaveTheNamesTensorBoardLooksForAndDoNotCollide() throws {
        try withTemporaryDirectory { folder in
            let paths = try (0..<3).map { _ in
                try EventFile(directory: folder, resumingAt: nil, time: Self.time).path
            }
            #expect(Set(paths).count == 3)
            let process = ProcessInfo.processInfo.processIdentifier
            for (number, path) in paths.enumerated() {
                let name = URL(fileURLWithPath: path).lastPathComponent
                #expect(name.hasPrefix("events.out.tfevents.1700000000.") && name.hasSuffix(".\(process).\(number)"))
                #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) })
            }
        }
    }

    @Test func whatIsNotANumberIsWrittenAsSuch() {
        let record = EventRecord.scalars([("a", .nan), ("b", .infinity)], step: 1, time: Self.time)
        #expect(record.count == 16 + 9 + 2 + 2 + 20)
    }

    @Test func aFolderThatCannotBeMadeIsReported() throws {
        try withTemporaryDirectory { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            #expect(throws: CLIPError.self) { try EventFile(directory: folder + "/file/events", resumingAt: nil) }
        }
    }
}
