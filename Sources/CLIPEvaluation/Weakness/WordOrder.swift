import CLIPData
import Foundation

/// Captions with their words in another order: a model that scores them as high as the true ones reads a bag of words
/// (Yuksekgonul et al., "When and Why Vision-Language Models Behave like Bags-of-Words", arXiv 2210.01936, section 2).
public enum WordOrder {
    /// Which other order.
    public enum Order: String, Sendable, Codable, CaseIterable {
        /// Any, all orders that differ alike.
        case all
        /// Two neighboring words change places, once.
        case neighbors
        /// From the last word to the first.
        case reversed
    }

    /// The words in another order, with one blank between them; of a text without blanks, such as Chinese, the characters.
    ///
    /// What ends the sentence stays at its end. The same caption and seed give the same order.
    /// - Parameters:
    ///   - caption: the true caption.
    ///   - order: which other order.
    ///   - seed: has no effect on ``Order/reversed``.
    /// - Returns: what differs from the caption not only in case, since most tokenizers drop that; nil where no such order
    ///   exists, as of one word, or of a palindrome that is reversed.
    public static func shuffled(_ caption: String, order: Order = .all, seed: UInt64) -> String? {
        let trimmed = caption.trimmingCharacters(in: .whitespacesAndNewlines)
        let lastOfBody = trimmed.lastIndex { !sentenceEnds.contains($0) }
        let body = trimmed[..<(lastOfBody.map(trimmed.index(after:)) ?? trimmed.endIndex)]
        let words = body.split(whereSeparator: \.isWhitespace).map(String.init)
        let isSpaced = words.count > 1
        let units = isSpaced ? words : characters(body)
        let folded = units.map { $0.lowercased() }
        guard Set(folded).count > 1 else { return nil }
        var generator = SplitMix64(seed: caption.utf8.reduce(seed) { SplitMix64.seed($0, UInt64($1)) })
        var places = Array(units.indices)
        switch order {
        case .all:
            // Two words differ, so that at most half of all orders are the caption's own.
            repeat { generator.shuffle(&places) } while places.map({ folded[$0] }) == folded
        case .neighbors:
            let swaps = (1..<units.count).filter { folded[$0 - 1] != folded[$0] }
            let swap = swaps[generator.integer(below: swaps.count)]
            places.swapAt(swap - 1, swap)
        case .reversed:
            places.reverse()
            guard places.map({ folded[$0] }) != folded else { return nil }
        }
        return places.map { units[$0] }.joined(separator: isSpaced ? " " : "") + trimmed[body.endIndex...]
    }

    private static let sentenceEnds: Set<Character> = [".", "!", "?", "…", "。", "！", "？"]

    /// The characters of scripts that are written without blanks; what stands between them, such as a Latin word, stays
    /// together.
    private static func characters(_ text: Substring) -> [String] {
        var units: [String] = []
        var isOpen = false
        for character in text {
            let isAlone = isUnspaced(character)
            if isAlone || !isOpen { units.append(String(character)) } else { units[units.count - 1].append(character) }
            isOpen = !isAlone
        }
        return units
    }

    private static func isUnspaced(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        if scalar.properties.isIdeographic { return true }
        return switch scalar.value {
        // Thai and Lao, Myanmar, Khmer, CJK punctuation and kana, full-width forms and half-width kana.
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3000...0x30FF, 0xFF00...0xFF9F: true
        default: false
        }
    }
}
