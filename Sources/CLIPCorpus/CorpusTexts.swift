/// What the records of a corpus say, without what would let training see a held-out caption after all.
struct CorpusTexts {
    private let entries: [PictureCorpus.Entry]
    private let parts: [Set<CorpusPart>]
    private let dictionary: ChineseDictionary?
    /// Captions of held-out pictures, as compared, in English and Chinese, glosses too.
    private let heldOut: Set<String>
    /// Chinese captions to train on.
    private let trained: Set<String>

    init(_ entries: [PictureCorpus.Entry], parts: [Set<CorpusPart>], dictionary: ChineseDictionary?) {
        self.entries = entries
        self.parts = parts
        self.dictionary = dictionary
        var heldOut: Set<String> = []
        var trained: Set<String> = []
        for (entry, parts) in zip(entries, parts) where parts.contains(.train) { trained.formUnion(entry.chineseCaptions) }
        for (entry, parts) in zip(entries, parts) where !parts.isEmpty && !parts.contains(.train) {
            heldOut.formUnion(entry.allCaptions + entry.chineseCaptions)
            for words in Self.glosses(of: entry, dictionary).values { heldOut.formUnion(words) }
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
        let glosses = Self.glosses(of: entry, dictionary).mapValues { words in
            isTrained ? words : words.filter { !trained.contains(CaptionWords.normalized($0)) }
        }
        return CorpusRecord(
            key: key, caption: candidate.caption, captions: captions, keywords: allowed(candidate.keywords),
            captionsByLanguage: candidate.byLanguage, keywordsByLanguage: allowed(candidate.keywordsByLanguage),
            glossesByLanguage: allowed(glosses), keywordGlossesByLanguage: allowed(keywordGlosses(of: candidate)),
            category: candidate.category, folder: candidate.folder, source: candidate.place,
            license: candidate.license, width: entry.picture.width, height: entry.picture.height)
    }

    /// What the dictionary has for the caption, where people have nothing.
    private static func glosses(of entry: PictureCorpus.Entry, _ dictionary: ChineseDictionary?) -> [String: [String]] {
        guard let dictionary, entry.candidate.byLanguage["zh"] == nil,
            let word = dictionary.word(for: entry.candidate.caption)
        else { return [:] }
        return ["zh": [word.simplified], "zh-Hant": [word.traditional]]
    }

    /// What the dictionary has for keywords, where people have none in Chinese.
    private func keywordGlosses(of candidate: CorpusCandidate) -> [String: [String]] {
        guard let dictionary, candidate.keywordsByLanguage["zh"] == nil else { return [:] }
        var (simplified, traditional): ([String], [String]) = ([], [])
        for word in candidate.keywords.compactMap(dictionary.word) where !simplified.contains(word.simplified) {
            simplified.append(word.simplified)
            traditional.append(word.traditional)
        }
        return ["zh": simplified, "zh-Hant": traditional]
    }
}
