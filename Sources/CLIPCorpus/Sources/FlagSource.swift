import Foundation

/// The flags of `iso-flags-svg`, with the countries' names of `iso-codes` in English and Chinese.
struct FlagSource: CorpusSource {
    static let package = "iso-flags-svg"
    static let namePackage = "iso-codes"
    let root: String
    let source: Int

    private var flags: String { root + "/iso-flags-svg/country-4x3" }
    private var codes: String { root + "/iso-codes/json/iso_3166-1.json" }

    var missing: [String] {
        (CorpusFiles.isFolder(flags) ? [] : [Self.package]) + (CorpusFiles.exists(codes) ? [] : [Self.namePackage])
    }

    private struct Codes: Decodable {
        struct Country: Decodable {
            let code: String
            let name: String
            let commonName: String?

            enum CodingKeys: String, CodingKey {
                case name
                case code = "alpha_2"
                case commonName = "common_name"
            }
        }
        let countries: [Country]
        enum CodingKeys: String, CodingKey { case countries = "3166-1" }
    }

    func listing(_ context: CorpusContext) throws -> CorpusListing {
        let json = Data(try CorpusFiles.contents(codes, limit: 1 << 24))
        guard let list = try? JSONDecoder().decode(Codes.self, from: json) else {
            throw CorpusError.damagedFile(path: codes, reason: "it is no list of countries")
        }
        let countries = Dictionary(list.countries.map { ($0.code.lowercased(), $0) }) { first, _ in first }
        let catalogs = try ["zh": "zh_CN", "zh-Hant": "zh_TW"].mapValues {
            try MessageCatalog(path: "\(root)/locale/\($0)/LC_MESSAGES/iso_3166-1.mo")
        }
        var listing = CorpusListing()
        for file in CorpusFiles.names(in: flags, suffix: ".svg") {
            let code = String(file.dropLast(4))
            var chinese: [String: String] = [:]
            let name: String
            if let country = countries[code] {
                name = country.commonName ?? Self.naturalOrder(country.name)
                for (language, catalog) in catalogs {
                    guard let word = country.commonName.flatMap({ catalog[$0] }) ?? catalog[country.name] else {
                        continue
                    }
                    chinese[language] = word + (language == "zh" ? "国旗" : "國旗")
                }
            } else if let other = Self.others[code] {
                name = other
            } else {
                listing.drop(.uselessCaption)
                continue
            }
            listing.candidates.append(
                CorpusCandidate(
                    origin: .drawing("\(flags)/\(file)"), source: source, place: "\(Self.package):country-4x3/\(file)",
                    folder: "country-4x3", category: "flag", license: "public domain", caption: "flag of \(name)",
                    keywords: [name, "flag"], byLanguage: chinese, concept: Self.emoji(code)))
        }
        return listing
    }

    /// ISO writes `Korea, Republic of`.
    static func naturalOrder(_ name: String) -> String {
        let parts = name.components(separatedBy: ", ")
        guard parts.count == 2, ["of", "of the", "the", "British", "U.S."].contains(where: { parts[1].hasSuffix($0) })
        else { return name }
        return "\(parts[1]) \(parts[0])"
    }

    private static func emoji(_ code: String) -> String? {
        guard code.utf8.count == 2, code.allSatisfy({ ("a"..."z").contains($0) }) else { return nil }
        let scalars = code.unicodeScalars.compactMap { Unicode.Scalar($0.value - 97 + 0x1F1E6) }
        return scalars.map { String(Character($0)) }.joined()
    }

    /// Flags whose file names are no country's code.
    private static let others = [
        "_basque": "the Basque Country", "_catalonia": "Catalonia", "_galicia": "Galicia", "_olympic": "the Olympics",
        "_scotland": "Scotland", "_united_nations": "the United Nations", "_wales": "Wales", "eu": "the European Union",
        "xk": "Kosovo",
    ]
}
