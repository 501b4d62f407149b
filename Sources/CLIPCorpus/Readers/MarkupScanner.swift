import Foundation

/// Walks through XML without building a tree or checking it: enough for the flat records read here, which include
/// files that a strict parser refuses.
struct MarkupScanner {
    /// An element's opening.
    struct Tag {
        /// The name without its prefix: `title` for `dc:title`.
        let name: String
        fileprivate let attributes: ArraySlice<UInt8>

        /// An attribute's decoded value; `name` includes the prefix.
        func attribute(_ name: String) -> String? {
            let pattern = Array(" \(name)=".utf8)
            var start = attributes.startIndex
            while start + pattern.count < attributes.endIndex {
                let isMatch =
                    MarkupScanner.isSpace(attributes[start])
                    && attributes[(start + 1)..<(start + pattern.count)].elementsEqual(pattern.dropFirst())
                if isMatch {
                    let quote = attributes[start + pattern.count]
                    let value = attributes[(start + pattern.count + 1)...]
                    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                        let end = value.firstIndex(of: quote)
                    else { return nil }
                    return MarkupScanner.decoded(value[..<end])
                }
                start += 1
            }
            return nil
        }
    }

    /// Calls `text` for every run of characters with the open elements, outermost first, and `open` for every opening.
    static func scan(_ bytes: ArraySlice<UInt8>, open: (Tag) -> Void = { _ in }, text: ([Tag], String) -> Void) {
        var stack: [Tag] = []
        var position = bytes.startIndex
        while position < bytes.endIndex {
            guard let bracket = bytes[position...].firstIndex(of: UInt8(ascii: "<")) else { return }
            let run = bytes[position..<bracket]
            if !stack.isEmpty, run.contains(where: { !isSpace($0) }) { text(stack, decoded(run)) }
            let rest = bytes[bracket...]
            if rest.starts(with: "<!--".utf8) {
                guard let end = find("-->", in: rest) else { return }
                position = end
                continue
            }
            if rest.starts(with: "<![CDATA[".utf8) {
                guard let end = find("]]>", in: rest) else { return }
                let body = bytes[(bracket + 9)..<(end - 3)]
                if !stack.isEmpty { text(stack, String(decoding: body, as: UTF8.self)) }
                position = end
                continue
            }
            guard let close = rest.firstIndex(of: UInt8(ascii: ">")) else { return }
            position = close + 1
            let inside = bytes[(bracket + 1)..<close]
            guard let first = inside.first, first != UInt8(ascii: "?"), first != UInt8(ascii: "!") else { continue }
            if first == UInt8(ascii: "/") {
                _ = stack.popLast()
                continue
            }
            let nameEnd = inside.firstIndex { isSpace($0) || $0 == UInt8(ascii: "/") } ?? inside.endIndex
            let name = String(decoding: inside[..<nameEnd], as: UTF8.self)
            let tag = Tag(name: String(name.split(separator: ":").last ?? ""), attributes: inside[nameEnd...])
            open(tag)
            if inside.last != UInt8(ascii: "/") { stack.append(tag) }
        }
    }

    /// The position after the first `pattern`, or nil.
    static func find(_ pattern: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let wanted = Array(pattern.utf8)
        guard let first = wanted.first else { return nil }
        var position = bytes.startIndex
        while let next = bytes[position...].firstIndex(of: first), next + wanted.count <= bytes.endIndex {
            if bytes[next..<(next + wanted.count)].elementsEqual(wanted) { return next + wanted.count }
            position = next + 1
        }
        return nil
    }

    fileprivate static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static let named: [String: String] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]

    /// Characters with entity references resolved; unknown ones stay as they are.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            let after = rest[rest.index(after: mark)...]
            guard let end = after.prefix(10).firstIndex(of: ";"), let value = resolve(after[..<end]) else {
                result += "&"
                rest = after
                continue
            }
            result += value
            rest = after[after.index(after: end)...]
        }
        return result + rest
    }

    private static func resolve(_ entity: Substring) -> String? {
        guard entity.hasPrefix("#") else { return named[String(entity)] }
        let digits = entity.dropFirst()
        let code = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return code.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }
}
