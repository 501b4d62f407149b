import Foundation
import Testing

@testable import CLIPCorpus

@Suite struct LessonTests {
    @Test func aTextStandsOnceWithAllItsTranslations() {
        var table = LessonTable()
        table.add("Cat", ["猫", "貓"], from: .captions)
        table.add("cat", ["猫", "猫咪", "CAT"], from: .dictionary)
        table.add("  a\tred \n cat ", from: .wordNet)
        table.add("", ["空"], from: .names)
        table.add(String(repeating: "x", count: LessonTable.longestText + 1), from: .names)
        #expect(table.file == "Cat\t猫\t貓\t猫咪\na red cat\n")
        #expect(table.counts[.captions]?.texts == 1 && table.counts[.dictionary]?.translations == 1)
        for number in 0..<40 { table.add("cat", ["猫\(number)"], from: .dictionary) }
        #expect(table.lines[0].translations.count == LessonTable.mostTranslations)
        #expect(table.lines[0].isOfPictures && !table.lines[1].isOfPictures)
    }

    @Test func plainMeaningsOfTheDictionaryAreTaken() throws {
        let entries = try ChineseDictionaryEntry.entries(Array(WordPackages.dictionary.utf8), path: "d")
        let headwords = ChineseHeadwords(entries)
        let texts = headwords.lines.map(\.text)
        #expect(texts == ["cat", "kitty", "panda", "owl", "to go to bed", "to sleep", "apple"])
        // A word that means it first stands before one that means it second.
        #expect(headwords.words(for: "a cat").map(\.simplified) == ["猫", "猫咪"])
        #expect(headwords.words(for: "Cats").first?.traditional == "貓" && headwords.words(for: "dog").isEmpty)
        #expect(headwords.knows("sleep") && !headwords.knows("surname ma"))
        let apple = ChineseHeadwords.texts(headwords.words(for: "apple"))
        #expect(apple == ["苹果", "蘋果"])
    }

    @Test func keywordsAreSaidAsPeopleSayThem() throws {
        let entries = try ChineseDictionaryEntry.entries(Array(WordPackages.dictionary.utf8), path: "d")
        let json = WordPackages.record("thing", others: [], chinese: [])
            .replacing("\"keywords_by_language\":{}", with: "\"keywords_by_language\":{\"zh\":[\"猫咪\",\"树\"]}")
        let record = try JSONDecoder().decode(CorpusRecord.self, from: Data(json.utf8))
        var table = LessonTable()
        PairTexts.add([record], to: &table, ChineseHeadwords(entries))
        #expect(table.file == "thing\ncat\t猫咪\t貓咪\n")
    }

    @Test func definitionsEndAtTheirFirstSemicolon() {
        #expect(WordNet.definition("feline mammal; \"a cat\"") == "feline mammal")
        #expect(WordNet.definition("(botany) the part of a plant \"x\"") == "the part of a plant")
        #expect(WordNet.definition("word") == nil && WordNet.definition("") == nil)
        #expect(WordNet.definition(Substring(String(repeating: "many ", count: 21))) == nil)
    }

    @Test func wordsKnownAndUsedComeFirst() throws {
        let packages = try WordPackages()
        let wordNet = try WordNet(root: packages.root)
        let all = wordNet.ranked(most: 9) { $0 == "apple" }.map(\.text)
        #expect(all == ["apple", "awake", "sleep", "soundly", "cat", "paris", "true cat"])
        #expect(wordNet.ranked(most: 2) { _ in false }.map(\.text) == ["awake", "sleep"])
        #expect(wordNet.lemmas.first { $0.text == "paris" }?.isName == true)
        #expect(wordNet.lemmas.first { $0.text == "awake" }?.definition?.text == "be adj at rest")
        #expect(wordNet.lemmas.first { $0.text == "sleep" }?.definition == nil)
    }
}

@Suite struct PhraseTests {
    private func noun(_ text: String, _ field: WordNet.Field, _ simplified: String, _ traditional: String) -> PhraseNoun
    {
        PhraseNoun(text: text, field: field, word: .init(simplified: simplified, traditional: traditional))
    }

    @Test func phrasesAgreeWithTheirNouns() throws {
        let (cat, water) = (noun("cat", .animal, "猫", "貓"), noun("water", .substance, "水", "水"))
        func template(_ english: String) throws -> PhraseTemplate {
            try #require(PhraseTemplate.all.first { $0.english == english })
        }
        let both = Phrases.line(try template("{a} and {b}"), cat, noun("apple", .food, "苹果", "蘋果"))
        #expect(both.text == "a cat and an apple" && both.translations == ["一只猫和一个苹果", "一隻貓和一個蘋果"])
        let two = Phrases.line(try template("two {s}"), cat, water)
        #expect(two.text == "two cats" && two.translations == ["两只猫", "兩隻貓"])
        #expect(Phrases.line(try template("a photo of {a}"), water, cat).text == "a photo of water")
        #expect(Phrases.line(try template("a blue {n}"), water, cat).text == "blue water")
        #expect(Phrases.line(try template("{a} and {b}"), water, cat).translations[0] == "水和一只猫")
        #expect(try !template("two {s}").suits(water) && !template("a portrait of {a}").suits(cat))
        let plurals = ["fox": "foxes", "city": "cities", "mouse": "mice", "day": "days"]
        for (one, many) in plurals { #expect(noun(one, .object, "", "").plural == many) }
        #expect(noun("hour", .object, "", "").withArticle == "an hour")
        #expect(noun("unicycle", .object, "", "").withArticle == "a unicycle")
    }

    /// No place is left open, and traditional Chinese has no character of simplified Chinese's alone.
    @Test func everyTemplateIsWhole() {
        let cat = noun("cat", .person, "N", "N")
        #expect(PhraseTemplate.all.count >= 25)
        #expect(Set(PhraseTemplate.all.map(\.english)).count == PhraseTemplate.all.count)
        for template in PhraseTemplate.all {
            let line = Phrases.line(template, cat, noun("dog", .animal, "B", "B"))
            #expect(!([line.text] + line.translations).joined().contains { "{}".contains($0) })
            #expect(line.text.contains("cat") && line.translations.allSatisfy { $0.contains("N") })
            if line.translations.count > 1 {
                #expect(!line.translations[1].contains { PhraseTemplate.traditional.keys.contains($0) })
            }
        }
    }

    @Test func phrasesAreBounded() {
        let nouns = (0..<9000).map { noun("thing \($0)", .object, "东西", "東西") }
        let lines = Phrases.lines(nouns)
        #expect(lines.count <= Phrases.count && lines.count > 17_000 && Phrases.lines([]).isEmpty)
        #expect(Phrases.lines(nouns).map(\.text) == lines.map(\.text))
    }
}

@Suite struct VocabularySelectionTests {
    @Test func rareCharactersAreLeftOut() {
        let lines = [LessonTable.Line(text: "cat", translations: ["猫猫猫", "貓貓，"], isOfPictures: true)]
        let characters = VocabularySelection.characters(of: lines)
        #expect(characters.contains("猫") && !characters.contains("貓") && characters.contains("，"))
        #expect(characters == characters.sorted { $0.unicodeScalars.first! < $1.unicodeScalars.first! })
    }

    @Test func whatCaptionsUseIsChosenFirst() throws {
        let packages = try WordPackages()
        let selection = try VocabularySelection(path: packages.path("base.txt"))
        let lines = [
            LessonTable.Line(text: "owl owl owl", translations: [], isOfPictures: false),
            LessonTable.Line(text: "cat", translations: ["猫猫猫"], isOfPictures: true),
        ]
        let all = try selection.tokens(for: lines, size: 500)
        #expect(all.contains("owl") && all.contains("cat") && !all.contains("apple") && !all.contains("unseen"))
        #expect(all.filter { $0 == "猫" }.count == 1 && all.contains("##a") && all.contains("a"))
        let fewer = try selection.tokens(for: lines, size: all.count - 1)
        #expect(fewer.contains("cat") && !fewer.contains("owl"))
        let fit = try VocabularyFit(fewer, lines: lines)
        #expect(fit.wholeWords == 1 && fit.unknown == 0)
        #expect(throws: CorpusError.self) { try selection.tokens(for: lines, size: 120) }
    }
}
