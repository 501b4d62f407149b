import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPExperiments

@Suite struct VocabularyTests {
    @Test func wordsAreCountedAndOrdered() {
        let texts = ["A red dog", "red DOG, red cat", "the dog's cat", "cat 7", "Über"]
        #expect(WordVocabulary.words(of: "the Dog's cat-7, Über") == ["the", "dog", "s", "cat", "7", "über"])
        // red, dog and cat three times each: by their letters.
        #expect(WordVocabulary(texts: texts).words == ["cat", "dog", "red"])
        #expect(WordVocabulary(texts: texts + ["red"]).words == ["red", "cat", "dog"])
        #expect(
            WordVocabulary(texts: texts.reversed(), minimumCount: 1) == WordVocabulary(texts: texts, minimumCount: 1))
        #expect(WordVocabulary(texts: texts, minimumCount: 9).count == 0)
    }

    @Test func bagsAreShares() throws {
        let vocabulary = WordVocabulary(words: ["cat", "dog", "red"])
        #expect(vocabulary.indices(of: "red red dog, blue") == [2, 2, 1])
        let bags = try vocabulary.bags(["red red dog, blue, cat", "blue", "dog"])
        #expect(bags.shape == [3, 3])
        #expect(try bags.elements(Float.self) == [0.25, 0.25, 0.5, 0, 0, 0, 0, 1, 0])
    }

    @Test func tokensAreNumberedWithoutGaps() {
        let vocabulary = TokenVocabulary(captions: [[49406, 320, 49407], [49406, 5, 49407]])
        #expect(vocabulary.tokens == [5, 320, 49406, 49407] && vocabulary.count == 5)
        #expect(vocabulary.numbers([49406, 7, 320, 49407]) == [2, 4, 1, 3])
    }

    @Test func everyTokenPredictsTheNext() {
        let text = CaptionRectangle([[8, 1, 9], [8, 2, 3, 9], [8]], contextLength: 4)
        #expect(text.count == 3 && text.length == 3)
        #expect(text.input == [8, 1, 0, 8, 2, 3, 0, 0, 0])
        #expect(text.places == [0, 1, 3, 4, 5] && text.targets == [1, 9, 2, 3, 9] && text.rows == [0, 0, 1, 1, 1])
        let cut = CaptionRectangle([[8, 1, 2, 3, 9]], contextLength: 3)
        #expect(cut.input == [8, 1] && cut.targets == [1, 2])
    }
}
