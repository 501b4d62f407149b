import CLIP
import Files
import Foundation

/// A TensorBoard event file: records in the framing of TensorFlow's TFRecord, each an `Event` in Protocol Buffers'
/// encoding (tensorboard/compat/proto/event.proto and summary.proto).
final class EventFile {
    let path: String
    private let file: AppendedFile

    /// Starts a file of its own in a directory, beside those of the run's earlier parts.
    /// - Parameter step: a run that goes on names the first step it writes, from which on TensorBoard drops what
    ///   earlier files hold.
    /// - Throws: `CLIPError.file(_:hint:)`.
    init(directory: String, resumingAt step: Int?, time: Date = Date()) throws {
        let host = Self.host()
        let start = "\(directory)/events.out.tfevents.\(Int(time.timeIntervalSince1970)).\(host)."
        let process = ProcessInfo.processInfo.processIdentifier
        file = try CLIPError.wrapping {
            try Folder.make(directory)
            return try Self.new("\(start)\(process).")
        }
        path = file.path
        try append(EventRecord.version(time: time))
        if let step { try append(EventRecord.sessionStart(step: step, time: time)) }
    }

    /// The first file whose name is free.
    private static func new(_ start: String) throws(FileFault) -> AppendedFile {
        var number = 0
        while true {
            do throws(FileFault) {
                return try AppendedFile("\(start)\(number)", isNew: true)
            } catch {
                guard error.code == EEXIST else { throw error }
                number += 1
            }
        }
    }

    /// Adds numbers measured at one step; what is not finite is TensorBoard's to show as it is. Nothing stays in
    /// memory: a step in `metrics.jsonl` that a killed run did not write here would be missing for good.
    func write(_ scalars: [(tag: String, value: Double)], step: Int, time: Date = Date()) throws {
        try append(EventRecord.scalars(scalars, step: step, time: time))
    }

    private func append(_ record: Data) throws {
        try CLIPError.wrapping { try file.append(record) }
    }

    /// The machine's name, as far as it can be part of a file's.
    private static func host() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let allowed = String(decoding: bytes, as: UTF8.self).filter {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0))
        }
        return allowed.isEmpty ? "localhost" : allowed
    }
}

/// The records of an event file, framed.
enum EventRecord {
    /// The first record of every file.
    static func version(time: Date) -> Data {
        var event = ProtocolMessage()
        event.add(1, double: time.timeIntervalSince1970)
        event.add(3, string: "brain.Event:2")
        return framed(event.bytes)
    }

    /// That what comes from `step` on replaces what other files hold of it.
    static func sessionStart(step: Int, time: Date) -> Data {
        var log = ProtocolMessage()
        log.add(1, integer: 1)  // SessionLog.START
        var event = ProtocolMessage()
        event.add(1, double: time.timeIntervalSince1970)
        event.add(2, integer: step)
        event.add(7, message: log)
        return framed(event.bytes)
    }

    static func scalars(_ scalars: [(tag: String, value: Double)], step: Int, time: Date) -> Data {
        var summary = ProtocolMessage()
        for (tag, value) in scalars {
            var member = ProtocolMessage()
            member.add(1, string: tag)
            member.add(2, float: Float(value))
            summary.add(1, message: member)
        }
        var event = ProtocolMessage()
        event.add(1, double: time.timeIntervalSince1970)
        event.add(2, integer: step)
        event.add(5, message: summary)
        return framed(event.bytes)
    }

    /// Length, checksum of the length, bytes, checksum of the bytes; all numbers with their lowest byte first.
    static func framed(_ bytes: Data) -> Data {
        let length = littleEndian(UInt64(bytes.count))
        return length + littleEndian(CRC32C.masked(length)) + bytes + littleEndian(CRC32C.masked(bytes))
    }

    static func littleEndian(_ value: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
}

/// A message in Protocol Buffers' encoding, built field by field. Five kinds of fields are all that events need: too
/// few for a library.
struct ProtocolMessage {
    private(set) var bytes = Data()

    mutating func add(_ field: Int, integer: Int) {
        // Zero is what a field that is not there says.
        guard integer != 0 else { return }
        add(field, wireType: 0)
        add(UInt64(bitPattern: Int64(integer)))
    }

    mutating func add(_ field: Int, double: Double) {
        add(field, wireType: 1)
        bytes += EventRecord.littleEndian(double.bitPattern)
    }

    mutating func add(_ field: Int, float: Float) {
        add(field, wireType: 5)
        bytes += EventRecord.littleEndian(float.bitPattern)
    }

    mutating func add(_ field: Int, string: String) { add(field, Data(string.utf8)) }

    mutating func add(_ field: Int, message: ProtocolMessage) { add(field, message.bytes) }

    private mutating func add(_ field: Int, _ content: Data) {
        add(field, wireType: 2)
        add(UInt64(content.count))
        bytes += content
    }

    private mutating func add(_ field: Int, wireType: Int) { add(UInt64(field << 3 | wireType)) }

    /// Seven bits a byte, lowest first; the eighth says that more follow.
    private mutating func add(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
