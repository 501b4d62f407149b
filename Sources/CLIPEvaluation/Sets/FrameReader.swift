import Foundation
import Imaging

/// Has ffmpeg decode frames of a video file.
struct FrameReader {
    /// ffmpeg's path; ffprobe lies beside it.
    let program: String

    /// A clip that takes longer is given up.
    private static let patience: TimeInterval = 120
    private static let mostBytes = 1 << 29

    /// So many frames, evenly over the clip.
    /// - Throws: ``EvaluationError/damaged(path:reason:)``.
    func frames(of path: String, count: Int) throws -> [Picture] {
        let probe = URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent("ffprobe").path
        let told = try run(
            probe, ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "file:\(path)"], path)
        let text = String(decoding: told, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let duration = Double(text), duration > 0, duration.isFinite else {
            throw EvaluationError.damaged(path: path, reason: "ffprobe tells no duration")
        }
        // Only files are opened, whatever a playlist says; large frames are brought to what models need.
        let output = try run(
            program,
            [
                "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", "file:\(path)", "-an", "-vf",
                "fps=\(count)/\(duration):round=near,scale='min(640,iw)':-2", "-frames:v", "\(count)", "-f",
                "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-",
            ], path)
        let pictures = try Self.pictures(in: output, name: path)
        guard !pictures.isEmpty else {
            throw EvaluationError.damaged(path: path, reason: "ffmpeg found no frame in it")
        }
        return pictures
    }

    /// PPM files one after another.
    static func pictures(in stream: Data, name: String) throws -> [Picture] {
        var pictures: [Picture] = []
        var rest = stream[...]
        while !rest.isEmpty {
            // P6, width, height and largest value, each followed by one white space.
            var fields: [Substring] = []
            var place = rest.startIndex
            while fields.count < 4 {
                guard let end = rest[place...].firstIndex(where: { [9, 10, 13, 32].contains($0) }), end - place < 12
                else {
                    throw EvaluationError.damaged(path: name, reason: "what ffmpeg gave is no picture")
                }
                fields.append(Substring(decoding: rest[place..<end], as: UTF8.self))
                place = end + 1
            }
            guard fields[0] == "P6", fields[3] == "255", let width = Int(fields[1]), let height = Int(fields[2]),
                width > 0, height > 0, width <= 1 << 14, height <= 1 << 14, rest.endIndex - place >= width * height * 3
            else { throw EvaluationError.damaged(path: name, reason: "what ffmpeg gave is cut off") }
            let end = place + width * height * 3
            pictures.append(try Picture(width: width, height: height, pixels: Array(rest[place..<end]), name: name))
            rest = rest[end...]
        }
        return pictures
    }

    private func run(_ program: String, _ arguments: [String], _ path: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        (process.standardError, process.standardInput) = (FileHandle.nullDevice, FileHandle.nullDevice)
        do { try process.run() } catch { throw EvaluationError.missingProgram(program) }
        let limit = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience, execute: limit)
        defer { limit.cancel() }
        var data = Data()
        while let piece = try output.fileHandleForReading.read(upToCount: 1 << 20), !piece.isEmpty {
            data.append(piece)
            if data.count > Self.mostBytes {
                process.terminate()
                throw EvaluationError.damaged(path: path, reason: "its frames are more than \(Self.mostBytes) bytes")
            }
        }
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw EvaluationError.damaged(path: path, reason: "ffmpeg cannot decode it")
        }
        return data
    }
}
