import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// A drawing read back: what it shows, and where.
struct DrawnElements {
    struct Element {
        var name: String
        var attributes: [String: String]
        /// The text inside, those of its titles left out.
        var text = ""
        /// What is shown where the pointer rests.
        var hint = ""
        /// The origin of the drawing inside the drawing that it belongs to.
        var origin: (x: Double, y: Double)

        func has(_ style: String) -> Bool {
            attributes["class"]?.split(separator: " ").contains { $0 == style } ?? false
        }

        func number(_ attribute: String) -> Double { attributes[attribute].flatMap { Double($0) } ?? .nan }

        /// Where a marker's center is in the whole drawing.
        var center: (x: Double, y: Double) {
            let numbers = (attributes["transform"] ?? "").split { "( )".contains($0) }.dropFirst().compactMap {
                Double($0)
            }
            return numbers.count == 2 ? (origin.x + numbers[0], origin.y + numbers[1]) : (.nan, .nan)
        }

        /// The numbers of a path in their order.
        var path: [Double] {
            (attributes["d"] ?? "").split { !"-.0123456789".contains($0) }.compactMap { Double($0) }
        }
    }

    private(set) var elements: [Element] = []

    /// Reads a drawing; records an issue where it is not well-formed XML, or holds a number that is none.
    init(_ text: String) {
        let reader = Reader()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError)): \(text)")
        elements = reader.elements
        #expect(!text.contains("<script") && !text.contains("href") && !text.contains("url("))
        for element in elements {
            for (name, value) in element.attributes where !["aria-label", "class"].contains(name) {
                #expect(!value.contains("nan") && !value.contains("inf"), "\(element.name): \(name) is \(value)")
            }
        }
    }

    /// Elements of a class, in their order.
    func all(_ style: String) -> [Element] { elements.filter { $0.has(style) } }

    /// The texts that are shown.
    var texts: [String] { elements.filter { $0.name == "text" }.map(\.text) }

    private final class Reader: NSObject, XMLParserDelegate {
        var elements: [Element] = []
        private var open: [Int] = []
        private var origins: [(x: Double, y: Double)] = [(0, 0)]
        private var isHint = false

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            guard name != "title" else {
                isHint = true
                return
            }
            let origin = origins.last ?? (0, 0)
            elements.append(Element(name: name, attributes: attributes, origin: origin))
            open.append(elements.count - 1)
            if name == "svg" {
                let box = (attributes["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
                let place = [attributes["x"], attributes["y"]].map { $0.flatMap { Double($0) } ?? 0 }
                origins.append(
                    (origin.x + place[0] - (box.first ?? 0), origin.y + place[1] - (box.dropFirst().first ?? 0)))
            }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) {
            guard let last = open.last else { return }
            if isHint { elements[last].hint += string } else { elements[last].text += string }
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            guard name != "title" else {
                isHint = false
                return
            }
            open.removeLast()
            if name == "svg" { origins.removeLast() }
        }
    }
}

/// Names that would be markup if they were not escaped.
let hostileName = "<script>alert(\"1\" & '2')</script>\u{0}]]>"
/// ``hostileName`` as a parser gives it back.
let hostileText = "<script>alert(\"1\" & '2')</script>\u{FFFD}]]>"
