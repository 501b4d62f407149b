import Foundation
import TestSupport
import Testing

@testable import CLIPData

/// Captions in several languages.
@Suite struct LanguageTests {
    @Test func theRecordTellsPeopleFromDictionaries() throws {
        let json = """
            {"caption": "cat", "captions_by_language": {"zh": " 猫 ", "fr": ["chat", "minou"], "de": 3},
             "glosses_by_language": {"zh": ["貓"]}, "keywords_by_language": {"zh": ["宠物", ""]},
             "keyword_glosses_by_language": {"zh": ["动物"], "ja": []}}
            """
        let record = try CaptionRecord.read(text: nil, json: Data(json.utf8)).get()
        #expect(
            record.otherLanguages == [
                "zh": TranslatedCaptions(captions: ["猫"], glosses: ["貓"], keywords: ["宠物", "动物"]),
                "fr": TranslatedCaptions(captions: ["chat", "minou"]),
            ])
        #expect(try CaptionRecord.read(text: Data("a".utf8), json: nil).get().otherLanguages.isEmpty)
    }

    private func sample(_ others: [String: TranslatedCaptions]) -> PairSample {
        PairSample(
            key: "k", image: .bytes(Data()), imageName: "k.jpg", caption: "cat", otherLanguages: others, location: "k")
    }

    private func counts(
        _ sample: PairSample, _ sampling: LanguageSampling, like other: CaptionSampling = .first
    ) -> [String: Int] {
        var counts: [String: Int] = [:]
        for seed in 0..<4000 {
            counts[sampling.caption(of: sample, like: other, seed: UInt64(seed)) ?? "-", default: 0] += 1
        }
        return counts
    }

    @Test func languagesComeAsOftenAsAsked() {
        let both = sample([
            "zh": TranslatedCaptions(captions: ["猫"], glosses: ["貓科"]), "zh-Hant": TranslatedCaptions(captions: ["貓"]),
            "fr": TranslatedCaptions(captions: ["chat"]),
        ])
        let sampling = LanguageSampling(languages: ["zh", "zh-Hant", "ja"], share: 0.4)
        let found = counts(both, sampling)
        #expect(Set(found.keys) == ["-", "猫", "貓"])
        // Four standard deviations of 4000 draws are at most 0.032.
        for (text, share) in [("-", 0.6), ("猫", 0.2), ("貓", 0.2)] {
            #expect(abs(Double(found[text] ?? 0) / 4000 - share) < 0.033, "\(text)")
        }
        #expect(sampling.caption(of: both, like: .first, seed: 3) == sampling.caption(of: both, like: .first, seed: 3))
    }

    @Test func withoutTheLanguageTheMainOneStays() {
        let french = sample(["fr": TranslatedCaptions(captions: ["chat"])])
        #expect(counts(french, LanguageSampling(languages: ["zh"], share: 1)) == ["-": 4000])
        #expect(counts(french, LanguageSampling(languages: ["fr"], share: 0)) == ["-": 4000])
        #expect(counts(french, LanguageSampling(languages: ["fr"], share: 1)) == ["chat": 4000])
    }

    @Test func glossesStandInForCaptionsAndKeywordsForBoth() {
        let glossed = sample(["zh": TranslatedCaptions(glosses: ["猫"], keywords: ["宠物"])])
        let all = LanguageSampling(languages: ["zh"], share: 1)
        #expect(counts(glossed, all) == ["猫": 4000])
        let mixed = counts(glossed, all, like: .random(alternativeProbability: 0.5))
        #expect(Set(mixed.keys) == ["猫", "宠物", "猫 宠物"])
        #expect(abs(Double(mixed["猫"] ?? 0) / 4000 - 0.5) < 0.033)
        let words = sample(["zh": TranslatedCaptions(keywords: ["宠物"])])
        #expect(counts(words, all) == ["宠物": 4000])
    }
}
