import Foundation

/// Text on its way into a page or a drawing.
package enum Markup {
    /// Text for an element or a quoted attribute: nothing in it is read as markup, and nothing in it is forbidden in
    /// XML, so that a page stays well formed whatever captions and file names hold.
    package static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            default:
                let isForbidden =
                    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    || scalar.value & 0xFFFE == 0xFFFE
                result.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }

    /// A file's bytes as an address that a page can hold inside itself.
    package static func dataAddress(_ bytes: Data, type: String) -> String {
        "data:\(type);base64,\(bytes.base64EncodedString())"
    }

    /// A share as a percentage with one decimal.
    package static func percent(_ share: Double) -> String { Decimals.fixed(share * 100, 1) + " %" }
}
