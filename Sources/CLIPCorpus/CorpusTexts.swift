/// What the records of a corpus say, without what would let training see a held-out caption after all.
struct CorpusTexts {
    private let entries: [PictureCorpus.Entry]
    private let parts: [Set<CorpusPart>]
    private let glossary: ChineseGlossary
    /// Captions of held-out pictures, as compared, in English and Chinese, glosses too.
    private let heldOut: Set<String>
    /// Chinese captions to train on.
    private let trained: Set<String>

    init(_ entries: [PictureCorpus.Entry], parts: [Set<CorpusPart>], dictionary: ChineseDictionary?) {
        self.entries = entries
        self.parts = parts
        let glossary = ChineseGlossary(entries.map(\.candidate), dictionary: dictionary)
        self.glossary = glossary
        var heldOut: Set<String> = []
        var trained: Set<String> = []
        for (entry, parts) in zip(entries, parts) where parts.contains(.train) {
            trained.formUnion(entry.chineseCaptions)
        }
        for (entry, parts) in zip(entries, parts) where !parts.isEmpty && !parts.contains(.train) {
            heldOut.formUnion(entry.allCaptions + entry.chineseCaptions)
            for words in Self.glosses(of: entry, glossary).values { heldOut.formUnion(words) }
        }
        self.trained = trained
        self.heldOut = heldOut.subtracting(trained)
    }

    func record(_ index: Int, key: String) -> CorpusRecord {
        let entry = entries[index]
        let candidate = entry.candidate
        let isTrained = parts[index].contains(.train)
        var captions = [candidate.caption]
        for caption in candidate.alternatives where !captions.contains(caption) { captions.append(caption) }
        func allowed(_ texts: [String]) -> [String] {
            isTrained ? texts.filter { !heldOut.contains(CaptionWords.normalized($0)) } : texts
        }
        func allowed(_ texts: [String: [String]]) -> [String: [String]] {
            texts.mapValues { allowed($0) }.filter { !$0.value.isEmpty }
        }
        // A held-out picture's gloss that is a caption to train on would not be unseen.
        let glosses = Self.glosses(of: entry, glossary).mapValues { words in
            isTrained ? words : words.filter { !trained.contains(CaptionWords.normalized($0)) }
        }
        return CorpusRecord(
            key: key, caption: candidate.caption, captions: captions, keywords: allowed(candidate.keywords),
            captionsByLanguage: candidate.byLanguage, keywordsByLanguage: allowed(candidate.keywordsByLanguage),
            glossesByLanguage: allowed(glosses), keywordGlossesByLanguage: allowed(keywordGlosses(of: candidate)),
            category: candidate.category, folder: candidate.folder, source: candidate.place,
            license: candidate.license, width: entry.picture.width, height: entry.picture.height)
    }

    /// For the caption, where people captioned the picture in English only.
    private static func glosses(of entry: PictureCorpus.Entry, _ glossary: ChineseGlossary) -> [String: [String]] {
        guard entry.candidate.byLanguage["zh"] == nil else { return [:] }
        return glossary.words(for: entry.candidate.caption).mapValues { [$0] }
    }

    private func keywordGlosses(of candidate: CorpusCandidate) -> [String: [String]] {
        guard candidate.keywordsByLanguage["zh"] == nil else { return [:] }
        var glosses: [String: [String]] = [:]
        for keyword in candidate.keywords {
            for (language, word) in glossary.words(for: keyword) where glosses[language]?.contains(word) != true {
                glosses[language, default: []].append(word)
            }
        }
        return glosses
    }
}

/// Chinese for English captions, matched by a machine: what people call pictures of the same English name, or else what
/// a dictionary has.
struct ChineseGlossary {
    private var translations: [String: [String: String]] = [:]
    private let dictionary: ChineseDictionary?

    init(_ candidates: [CorpusCandidate], dictionary: ChineseDictionary?) {
        self.dictionary = dictionary
        var counts: [String: [[String: String]: Int]] = [:]
        for candidate in candidates where dictionary != nil && candidate.byLanguage["zh"] != nil {
            let chinese = candidate.byLanguage.filter { ["zh", "zh-Hant"].contains($0.key) }
            counts[CaptionWords.normalized(candidate.caption), default: [:]][chinese, default: 0] += 1
        }
        // The most used, and of equals the first by its characters.
        translations = counts.compactMapValues { choices in
            choices.min { ($1.value, $0.key["zh"] ?? "") < ($0.value, $1.key["zh"] ?? "") }?.key
        }
    }

    /// By language tag; none where neither knows all of `english`.
    func words(for english: String) -> [String: String] {
        guard let dictionary else { return [:] }
        if let known = translations[CaptionWords.normalized(english)] { return known }
        guard let word = dictionary.word(for: english) else { return [:] }
        return ["zh": word.simplified, "zh-Hant": word.traditional]
    }
}
