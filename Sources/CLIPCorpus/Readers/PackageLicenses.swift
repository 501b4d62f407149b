import Foundation

/// What a package's `copyright` file, in Debian's machine-readable format, says of each file.
struct PackageLicenses: Sendable {
    private var stanzas: [(patterns: [String], license: String)] = []

    /// - Parameter bytes: The file `doc/PACKAGE/copyright`.
    init(_ bytes: [UInt8]) {
        var patterns: [String] = []
        var field = ""
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) {
                patterns = []
                field = ""
                continue
            }
            var value = line[...]
            if line.first?.isWhitespace != true, let colon = line.firstIndex(of: ":") {
                field = String(line[..<colon])
                value = line[line.index(after: colon)...]
                if field == "License", !patterns.isEmpty {
                    stanzas.append((patterns, value.trimmingCharacters(in: .whitespaces)))
                }
            }
            if field == "Files" {
                patterns += value.split(whereSeparator: \.isWhitespace).map { Self.stem(String($0)) }
            }
        }
    }

    /// The SPDX identifier of a file's licence; of several stanzas the last counts. The endings of pictures are
    /// disregarded: packages convert what they ship.
    func license(of path: String) -> String? {
        let stem = Self.stem(path)
        return stanzas.last { stanza in stanza.patterns.contains { Self.matches(stem[...], $0[...]) } }
            .map { Self.spdx($0.license) }
    }

    private static func stem(_ path: String) -> String {
        for ending in [".png", ".jpg", ".jpeg", ".svgz", ".svg", ".webp"] where path.hasSuffix(ending) {
            return String(path.dropLast(ending.count))
        }
        return path
    }

    /// `*` stands for anything, slashes too.
    private static func matches(_ path: Substring, _ pattern: Substring) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return path == pattern }
        guard path.hasPrefix(first) else { return false }
        var rest = path.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.range(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }

    /// Debian's short names are SPDX's of before 2018.
    static func spdx(_ name: String) -> String {
        switch name {
        case "GPL-2+", "GPL-2.0+": "GPL-2.0-or-later"
        case "GPL-3+", "GPL-3.0+": "GPL-3.0-or-later"
        case "GPL-2": "GPL-2.0-only"
        case "GPL-3": "GPL-3.0-only"
        case "LGPL-3+": "LGPL-3.0-or-later"
        case "Expat": "MIT"
        case "public-domain": "public domain"
        case "free-art": "LAL-1.3"
        case "GFDL-NIV-1.2": "GFDL-1.2-no-invariants-only"
        case "GFDL-NIV-1.2+": "GFDL-1.2-no-invariants-or-later"
        default: name
        }
    }
}
