import Foundation

/// The drawings of `openclipart-png`, described by the records inside `openclipart-svg`.
struct ClipartSource: CorpusSource {
    static let packages = ["openclipart-png", "openclipart-svg"]
    let root: String
    let source: Int

    private var pictures: String { root + "/openclipart/png" }
    private var drawings: String { root + "/openclipart/svg" }

    /// The package that is not installed, or none.
    var missing: [String] {
        zip(Self.packages, [pictures, drawings]).filter { !CorpusFiles.isFolder($0.1) }.map(\.0)
    }

    /// The keywords found here join the words known.
    func listing(_ context: CorpusContext) -> CorpusListing {
        var lexicon = context.lexicon
        let paths = CorpusFiles.paths(under: pictures, suffix: ".png").map { String($0.dropLast(4)) }
        var records: [String: ClipartRecord] = [:]
        var titleCounts: [String: Int] = [:]
        var keywordCounts: [String: Int] = [:]
        for path in paths {
            guard let bytes = CorpusFiles.bytes("\(drawings)/\(path).svg") else { continue }
            let record = ClipartRecord(svg: bytes)
            records[path] = record
            titleCounts[record.title, default: 0] += 1
            for keyword in Set(record.keywords.map { $0.lowercased() }) { keywordCounts[keyword, default: 0] += 1 }
        }
        for (keyword, count) in keywordCounts where count >= 3 && !ClipartCaption.isBoilerplate(keyword: keyword) {
            lexicon.add(keyword)
        }
        // Words that several drawings' names share are words, whether or not another package knows them.
        var wordCounts: [String: Int] = [:]
        var names: Set<String> = []
        for path in paths {
            guard let record = records[path], !ClipartCaption.isForeign(record) else { continue }
            names.formUnion([record.title, String(path.split(separator: "/").last ?? "")])
        }
        for name in names {
            for word in Set(CaptionWords.words(name).map { $0.lowercased() }) { wordCounts[word, default: 0] += 1 }
        }
        let authors = Set(records.values.flatMap { CaptionWords.words($0.creator.lowercased()) })
        for (word, count) in wordCounts where count >= 4 && word.count >= 4 && !authors.contains(word) {
            lexicon.add(word)
        }
        let captions = ClipartCaption(titleCounts: titleCounts, lexicon: lexicon, keywordCounts: keywordCounts)
        var listing = CorpusListing()
        for path in paths {
            let record = records[path] ?? ClipartRecord(svg: [])
            if record.lacksPart {
                listing.drop(.lacksPart)
            } else if let caption = captions.caption(path: path, record: record) {
                listing.candidates.append(candidate(path: path, record: record, caption: caption, captions: captions))
            } else {
                listing.drop(.uselessCaption)
            }
        }
        return listing
    }

    private func candidate(
        path: String, record: ClipartRecord, caption: String, captions: ClipartCaption
    ) -> CorpusCandidate {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let keywords = record.keywords.filter { !ClipartCaption.isBoilerplate(keyword: $0) }
            .map { $0.replacingOccurrences(of: "_", with: " ") }
        return CorpusCandidate(
            origin: .file("\(pictures)/\(path).png", drawing: "\(drawings)/\(path).svg"), source: source,
            place: "openclipart-png:\(path).png",
            folder: folder,
            category: CategoryNames.name(of: folder, in: CategoryNames.clipart),
            license: record.license.contains("GPL") ? "GPL-2.0" : "public domain", caption: caption,
            alternatives: Self.usable(description: record.description, lexicon: captions.lexicon).map { [$0] } ?? [],
            keywords: Array(Set(keywords)).sorted(), byLanguage: captions.foreignTitle(record).map { ["it": $0] } ?? [:]
        )
    }

    /// A description that describes: short, without addresses and credits, mostly of known words.
    private static func usable(description: String, lexicon: CaptionLexicon) -> String? {
        let text = description.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let lower = text.lowercased()
        let credits = [
            "@", "http", "www.", "hash(", "converted from", "contact", "created by", "drawn by", "submitted",
            "collection", "inkscape", "license", "copyright", "public domain", "gensplash",
        ]
        guard text.count >= 4, text.count <= 160, text.contains(" "), !credits.contains(where: { lower.contains($0) }),
            lexicon.coverage(text) >= 0.4
        else { return nil }
        return text
    }
}
