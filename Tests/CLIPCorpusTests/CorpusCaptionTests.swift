import Foundation
import Testing

@testable import CLIPCorpus
@testable import CLIPData

@Suite struct CorpusCaptionTests {
    @Test(arguments: [
        ("redFlower_01", "red Flower"), ("glace_01", "glace"), ("bus2", "bus"), ("45 rpm record", "45 rpm record"),
        ("viewmag+", "viewmag"), ("flag_of_poland", "flag of poland"), ("Printer (b and w)", "Printer"),
        ("HASH(0x862bbb8) cat", "cat"), ("people_01a", "people"),
        ("Tree (Wed Aug 25 23:29:46 2004)", "Tree"), ("a cat, me@example.org", "a cat"),
    ])
    func phrases(title: String, expected: String) {
        #expect(CaptionWords.phrase(title) == expected.trimmingCharacters(in: .whitespaces))
    }

    @Test func titlesWithoutWordsAreNone() {
        for title in ["", "01", "_", "HASH(0x8a393fc)", "2004-10-12", "x"] {
            #expect(CaptionWords.phrase(title) == nil, "\(title)")
        }
    }

    @Test func comparisonIgnoresCaseArticlesAndStops() {
        #expect(CaptionWords.normalized("A happy Lion!") == "happy lion")
        #expect(CaptionWords.normalized("the  happy-lion.") == "happy lion")
        #expect(CaptionWords.normalized("The") == "the")
        #expect(CaptionWords.normalized("Ｌｉｏｎ") == "lion")
    }

    @Test func gluedWordsComeApart() {
        var lexicon = CaptionLexicon()
        lexicon.add("file save folder")
        #expect(lexicon.segmented("filesaveas") == ["file", "save", "as"])
        #expect(lexicon.segmented("scribus") == ["scribus"])
        #expect(lexicon.segmented("folders") == ["folders"])
        #expect(lexicon.coverage("folder xyzzy") == 0.5)
        #expect(lexicon.coverage("12") == 1)
    }

    private func captions(_ counts: [String: Int] = [:]) -> ClipartCaption {
        var lexicon = CaptionLexicon()
        lexicon.add("printer giraffe file save flag horse lighthouse button customs banana")
        return ClipartCaption(
            titleCounts: counts, lexicon: lexicon,
            keywordCounts: ["horse": 11, "mammal": 134, "animal": 208, "people": 900])
    }

    private func record(_ title: String, creator: String = "", keywords: [String] = []) -> ClipartRecord {
        let items = keywords.map { "<rdf:li>\($0)</rdf:li>" }.joined()
        return ClipartRecord(
            svg: Array(
                """
                <svg><metadata><rdf:RDF><cc:Work rdf:about=""><dc:title>\(title)</dc:title>
                <dc:description>It &amp; he</dc:description><dc:subject><rdf:Bag>\(items)</rdf:Bag></dc:subject>
                <dc:creator><cc:Agent><dc:title>\(creator)</dc:title></cc:Agent></dc:creator>
                <cc:license rdf:resource="http://web.resource.org/cc/PublicDomain"/></cc:Work></rdf:RDF></metadata></svg>
                """.utf8))
    }

    @Test func recordIsRead() {
        let record = record("Lighthouse &lt;3", creator: "Matthew Gates", keywords: ["sea", "house"])
        #expect(record.title == "Lighthouse <3" && record.creator == "Matthew Gates")
        #expect(record.description == "It & he" && record.keywords == ["sea", "house"])
        #expect(record.license.hasSuffix("PublicDomain") && !record.lacksPart)
        let linked = ClipartRecord(svg: Array(#"<svg><image width="3" xlink:href="file:///a.png"/></svg>"#.utf8))
        let inside = ClipartRecord(svg: Array(#"<svg><image xlink:href="data:image/png;base64,AA"/></svg>"#.utf8))
        #expect(linked.lacksPart && !inside.lacksPart)
    }

    @Test func collectionTitlesGiveWayToFileNames() {
        let flat = "Part of the Flat Icon Collection (Wed Aug 25 23:29:46 2004)"
        #expect(captions().caption(path: "computer/icons/flat-theme/printer", record: record(flat)) == "printer icon")
        #expect(
            captions().caption(path: "computer/icons/lemon-theme/actions/filesaveas", record: record("Lemon SVG theme"))
                == "file save as icon")
        #expect(
            captions(["R16": 20]).caption(path: "food/fruit/banana", record: record("R16")) == "banana")
        #expect(
            captions(["Lighthouse": 3]).caption(path: "buildings/lighthouse_matt_02", record: record("Lighthouse"))
                == "Lighthouse")
        #expect(
            captions().caption(
                path: "animals/contour_giraffe", record: record("Clipart by Nicu Buculei - contour_chipmunk"))
                == "contour giraffe")
    }

    @Test func authorsLeaveFileNames() {
        let caption = captions().caption(
            path: "transportation/lighthouse_matthew_gat", record: record("", creator: "Matthew Gates"))
        #expect(caption == "lighthouse")
    }

    @Test func uselessCaptionsAreNone() {
        #expect(captions().caption(path: "computer/icons/70a014", record: record("Etiquette Icons")) == nil)
        #expect(captions().caption(path: "computer/icons/kxqz", record: record("")) == nil)
    }

    @Test func foldersAddTheirWord() {
        #expect(
            captions().caption(path: "signs_and_symbols/flags/europe/ireland", record: record("ireland"))
                == "flag of Ireland")
        #expect(captions().caption(path: "buttons/button_red", record: record("button red")) == "red button")
        #expect(
            captions().caption(path: "transportation/aiga-symbols/aiga_customs_", record: record("AIGA_Symbol_Signs"))
                == "customs sign")
        #expect(
            captions().caption(path: "recreation/games/cards/white/white_h_9", record: record("card"))
                == "nine of hearts playing card")
        #expect(
            captions().caption(path: "shapes/stars/star_05pt02step", record: record("gramastar"))
                == "star with 5 points")
        #expect(
            captions().caption(path: "shapes/stars/star_84pt31step", record: record("gramastar"))
                == "star with very many points")
        #expect(
            captions().caption(path: "signs_and_symbols/flags/signalflag_kilo", record: record("x"))
                == "signal flag kilo")
    }

    @Test func foreignTitlesGetAnEnglishKeyword() {
        let italian = record("Cavallo", creator: "Architetto Francesco Rollandin", keywords: ["mammal", "horse"])
        #expect(captions().caption(path: "animals/cavallo_architetto_01", record: italian) == "horse")
        #expect(captions().foreignTitle(italian) == "Cavallo")
        let other = record("Cavallo", keywords: ["mammal", "horse", "people"])
        #expect(captions().caption(path: "animals/cavallo", record: other) == "horse, Cavallo")
        #expect(captions().foreignTitle(other) == nil)
    }

    @Test func stampCaptions() {
        let text = "A happy lion!\nzh_CN.utf8=高兴的狮子。\nzh_TW.utf8=快樂的獅子\nca@valencia.utf8=Un lleó.\nde.utf8=\nnoise\n"
        let (english, others) = StampSource.captions(Array(text.utf8))
        #expect(english == "A happy lion!")
        #expect(others == ["zh": "高兴的狮子", "zh-Hant": "快樂的獅子", "ca-valencia": "Un lleó"])
        #expect(StampSource.captions(Array("An ostrich.\n".utf8)).english == "An ostrich")
        #expect(StampSource.captions(Array("A pie. It is good.\n".utf8)).english == "A pie. It is good.")
        #expect(StampSource.captions([]).english == nil)
        #expect(StampSource.captions(Array("7\n".utf8)).english == nil)
    }

    @Test func emojiNames() {
        var annotations = EmojiNames.Annotations()
        annotations.read(
            Array(
                """
                <ldml><!-- <annotation cp="x">no</annotation> --><annotations>
                <annotation cp="🐈">cat | pet</annotation><annotation cp="🐈" type="tts">cat</annotation>
                <annotation cp="&amp;" type="tts">ampersand</annotation></annotations></ldml>
                """.utf8))
        #expect(annotations.names == ["🐈": "cat", "&": "ampersand"])
        #expect(annotations.keywords == ["🐈": ["cat", "pet"]])
        #expect(EmojiNames.category(name: "woman kneeling") == "person")
        #expect(EmojiNames.category(name: "disguised face") == "face")
        #expect(EmojiNames.category(name: "moai") == nil)
        #expect(EmojiNames.chinese("旗: 挪威", of: "🇳🇴") == "挪威国旗")
        #expect(EmojiNames.chinese("旗子: 挪威", of: "🇳🇴") == "挪威國旗")
        #expect(EmojiNames.chinese("旗: 英格兰", of: "🏴󠁧󠁢󠁥󠁮󠁧󠁿") == "英格兰旗")
        #expect(EmojiNames.chinese("女人: 红发", of: "👩‍🦰") == "红发女人")
        #expect(EmojiNames.chinese("按键: 1", of: "1⃣") == "按键 1" && EmojiNames.chinese("猫", of: "🐈") == "猫")
        #expect(EmojiNames.caption("flag: Norway") == "flag of Norway")
        #expect(EmojiNames.caption("woman: red hair") == "woman with red hair")
        #expect(EmojiNames.caption("grinning face") == "grinning face")
        #expect(EmojiNames.isEmoji("🐈") && EmojiNames.isEmoji("🇳🇴") && EmojiNames.isEmoji("☺"))
        #expect(!EmojiNames.isEmoji("1") && !EmojiNames.isEmoji("→") && !EmojiNames.isEmoji("🇳"))
        #expect(EmojiSource.fullyQualified("☺") == "☺\u{FE0F}" && EmojiSource.fullyQualified("🐈") == "🐈")
        #expect(EmojiSource.fullyQualified("1\u{20E3}") == "1\u{FE0F}\u{20E3}")
    }

    @Test func emojiLabels() {
        let text = "# note\n[☺😀-😂{👨‍⚕️}] ;\tSmileys & People ;\tface-positive\n[🏴]\t; Flags ; flag\n"
        let labels = EmojiLabels(Array(text.utf8))
        #expect(EmojiLabels.members("[☺😀-😂{👨‍⚕️}]") == ["☺", "😀", "😁", "😂", "👨‍⚕"])
        #expect(labels.label(of: "😁")?.second == "face-positive")
        #expect(labels.label(of: "👨‍⚕️")?.second == "face-positive")
        #expect(labels.label(of: "🇳🇴")?.second == "country-flag")
        #expect(labels.label(of: "🐈") == nil)
        #expect(EmojiLabels.members("[a-{").count < 5000 && EmojiLabels.members("{x").count == 1)
    }

    @Test func categoriesComeFromTheLongestFolder() {
        #expect(CategoryNames.name(of: "animals/birds/penguin", in: CategoryNames.clipart) == "bird")
        #expect(CategoryNames.name(of: "animals/amphibian", in: CategoryNames.clipart) == "animal")
        #expect(CategoryNames.name(of: "unsorted", in: CategoryNames.clipart) == nil)
    }
}
