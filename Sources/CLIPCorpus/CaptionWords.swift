import Foundation

/// Turns titles and file names into natural words.
enum CaptionWords {
    /// How captions are compared: lower-case words without articles, accents kept, punctuation gone.
    static func normalized(_ caption: String) -> String {
        let words = caption.precomposedStringWithCompatibilityMapping.lowercased()
            .split { !$0.isLetter && !$0.isNumber }.map(String.init)
        let kept = words.filter { !["a", "an", "the"].contains($0) }
        return (kept.isEmpty ? words : kept).joined(separator: " ")
    }

    /// The words of a title or file stem: `redFlower_01` becomes `red Flower`. Trailing numbers and single letters
    /// with numbers (`01a`, `r`) go; numbers before other words stay.
    static func words(_ text: String) -> [String] {
        var spaced = ""
        var previous: Character = " "
        for character in text {
            // A capital after a small letter starts a word, and so does a digit after a letter or the reverse.
            if character.isUppercase, previous.isLowercase { spaced.append(" ") }
            if character.isNumber, previous.isLetter { spaced.append(" ") }
            if character.isLetter, previous.isNumber, !isOrdinalLetter(character) { spaced.append(" ") }
            spaced.append(character)
            previous = character
        }
        var words = spaced.split { $0.isWhitespace || "_-+./,;:()[]{}\"*#=|~".contains($0) }.map(String.init)
        while words.count > 1, let last = words.last, isCounter(last) { words.removeLast() }
        return words
    }

    /// A natural phrase out of a title, or nil when it holds no words.
    static func phrase(_ title: String) -> String? {
        var text = title
        for pattern in noise {
            text = text.replacingOccurrences(of: pattern, with: " ", options: [.regularExpression, .caseInsensitive])
        }
        let phrase = words(text).joined(separator: " ")
        return phrase.filter(\.isLetter).count >= 2 ? phrase : nil
    }

    /// Addresses, dates, Perl's printed references and bracketed credits.
    private static let noise = [
        #"hash\(0x[0-9a-f]+\)"#, #"\b0x[0-9a-f]{5,}\b"#, #"[\w.+-]+@[\w.-]+"#, #"https?://\S+"#,
        #"\b(mon|tue|wed|thu|fri|sat|sun) \w{3} \d+ [\d:]+ \d{4}"#, #"\(b ?(and|&) ?w\)"#, #"\bclip ?art\b"#,
    ]

    private static func isOrdinalLetter(_ character: Character) -> Bool { "strndh".contains(character) }

    private static func isCounter(_ word: String) -> Bool {
        word.allSatisfy(\.isNumber) || (word.count <= 1 && word.allSatisfy { $0.isASCII })
            || (word.count <= 3 && word.contains(where: \.isNumber))
    }
}

/// English words known from captions and keywords of the packages themselves.
struct CaptionLexicon: Sendable {
    private var known: Set<String> = interfaceWords
    /// What buttons and menus say; no package of pictures uses these words as keywords.
    private static let interfaceWords = Set(
        """
        about accessibility add adjust align apply archive attach back background backward bold border bottom browse \
        browser cancel capture center charset chat checkbox clear close column compile compress configure connect \
        contents context convert copy crop cursor cut database date debug decrease default delete desktop disable \
        disconnect display document download draw drive edit editor effect eject encrypt enlarge enter error exec exit \
        export favorite fill filter find finish first flip floppy font format forward full fullscreen general goto \
        graphic grid group help hide history home horizontal import inbox increase indent info insert install italic \
        join justify keyboard label language last launch layer layout left line link list load lock log logout login \
        mail manager maximize memory menu merge message minimize mount mouse move network new news next notify \
        object open options outbox output package page panel password paste \
        pause player play plugin preferences presentation \
        preview previous print printer process profile project protocol queue quit raise record recent redo refresh \
        reload remove rename replace reply report reset resize restart restore right rotate row run save scale scan \
        schedule screen script scroll search security select send server services session settings share shear shell \
        shortcut shortcuts shred shutdown sort source spell split spreadsheet start stop style sync table task terminal \
        text toggle toolbar tools top trash underline undo unlock update upload usb user vertical video view volume \
        warning web window wizard write zoom kernel folder directory file system monitor audio image picture sound
        """.split(separator: " ").map(String.init))
    private static let short: Set<String> = ["as", "to", "up", "in", "on", "of", "no", "go", "cd", "pc"]

    mutating func add(_ text: String) {
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter }) where word.count >= 3 {
            known.insert(String(word))
        }
    }

    /// Whether a word, or its singular, is known.
    func knows(_ word: String) -> Bool {
        let lower = word.lowercased()
        return known.contains(lower) || Self.short.contains(lower)
            || (lower.hasSuffix("s") && known.contains(String(lower.dropLast())))
    }

    /// The share of words that are known; 1 for no words.
    func coverage(_ text: String) -> Double {
        let words = text.split { !$0.isLetter }.filter { $0.count >= 3 }
        guard !words.isEmpty else { return 1 }
        return Double(words.count { knows(String($0)) }) / Double(words.count)
    }

    /// Pulls glued words apart where known words cover the whole: `filesaveas` becomes `file save as`.
    func segmented(_ word: String) -> [String] {
        let letters = Array(word.lowercased())
        guard letters.count >= 6, letters.count <= 30, letters.allSatisfy(\.isLetter), !knows(word) else {
            return [word]
        }
        // best[n] is the shortest list of known words that spell the first n letters.
        var best: [[String]?] = Array(repeating: nil, count: letters.count + 1)
        best[0] = []
        for end in 1...letters.count {
            for start in 0..<end {
                guard let before = best[start], before.count < 4 else { continue }
                let piece = String(letters[start..<end])
                guard known.contains(piece) || Self.short.contains(piece) else { continue }
                if best[end].map({ $0.count > before.count + 1 }) ?? true { best[end] = before + [piece] }
            }
        }
        return best[letters.count] ?? [word]
    }
}
