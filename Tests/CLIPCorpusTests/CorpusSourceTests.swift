import Foundation
import Imaging
import Testing

@testable import CLIPCorpus

@Suite struct CorpusSourceTests {
    private let drawing = Data(#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>"#.utf8)

    private func names(_ packages: Packages) throws -> EmojiNames {
        let english = """
            <ldml><annotations><annotation cp="🐱">cat | pet</annotation><annotation cp="🐱" type="tts">cat face</annotation>
            <annotation cp="👨‍👦" type="tts">family: man, boy</annotation>
            <annotation cp="👋🏽" type="tts">waving hand: medium skin tone</annotation></annotations></ldml>
            """
        let chinese = """
            <ldml><annotations><annotation cp="🐱">猫 | 宠物</annotation>
            <annotation cp="🐱" type="tts">猫脸</annotation></annotations></ldml>
            """
        try packages.put("unicode/cldr/common/annotations/en.xml", Data(english.utf8))
        try packages.put("unicode/cldr/common/annotations/zh.xml", Data(chinese.utf8))
        return EmojiNames(root: packages.root)
    }

    private func candidates(_ source: some CorpusSource, _ context: CorpusContext? = nil) throws -> CorpusListing {
        #expect(source.missing.isEmpty)
        return try source.listing(context ?? CorpusContext(lexicon: CaptionLexicon(), emoji: EmojiNames()))
    }

    @Test func emojiOfOtherSets() throws {
        let packages = try Packages()
        let root = packages.root + "/share"
        #expect(EmojiDrawingSource.openMoji(root: root, source: 0).missing == ["openshot-qt", "unicode-cldr-core"])
        let context = CorpusContext(lexicon: CaptionLexicon(), emoji: try names(packages))
        let folder = "lib/emojis"
        for name in ["1F431", "1F468-1F466", "1F44B-1F3FD", "1F4A9", "README"] {
            try packages.put("\(folder)/\(name).svg", drawing)
        }
        let source = EmojiDrawingSource(
            root: packages.root, source: 2, package: "set", folder: folder, license: "CC-BY-SA-4.0")
        let listing = try candidates(source, context)
        #expect(listing.candidates.map(\.caption) == ["cat face", "family with man, boy"])
        #expect(listing.dropped == [.skinTone: 1, .uselessCaption: 2])
        let cat = listing.candidates[0]
        #expect(cat.place == "set:1F431.svg" && cat.concept == "🐱" && cat.byLanguage == ["zh": "猫脸"])
        #expect(cat.keywords == ["cat", "pet"] && cat.keywordsByLanguage == ["zh": ["猫", "宠物"]])
        try packages.put("rubygems-integration/all/gems/gemojione-3.3.0/assets/svg/1F431.svg", drawing)
        let emojiOne = EmojiDrawingSource.emojiOne(root: packages.root, source: 0)
        #expect(try candidates(emojiOne, context).candidates.map(\.license) == ["CC-BY-SA-4.0"])
    }

    @Test func flags() throws {
        let packages = try Packages()
        let source = FlagSource(root: packages.root, source: 0)
        #expect(source.missing == ["iso-flags-svg", "iso-codes"])
        for name in ["kr", "no", "_wales", "zz"] { try packages.put("iso-flags-svg/country-4x3/\(name).svg", drawing) }
        let json = """
            {"3166-1": [{"alpha_2": "NO", "name": "Norway"},
            {"alpha_2": "KR", "name": "Korea, Republic of", "common_name": "South Korea"}]}
            """
        try packages.put("iso-codes/json/iso_3166-1.json", Data(json.utf8))
        let listing = try candidates(source)
        #expect(listing.candidates.map(\.caption) == ["flag of Wales", "flag of South Korea", "flag of Norway"])
        #expect(listing.candidates.map(\.concept) == [nil, "🇰🇷", "🇳🇴"] && listing.dropped == [.uselessCaption: 1])
        #expect(FlagSource.naturalOrder("Korea, Republic of") == "Republic of Korea")
        #expect(FlagSource.naturalOrder("Bonaire, Sint Eustatius and Saba") == "Bonaire, Sint Eustatius and Saba")
        try packages.put("locale/zh_CN/LC_MESSAGES/iso_3166-1.mo", Data("no catalog, but long enough".utf8))
        #expect(throws: CorpusError.self) { try candidates(source) }
    }

    @Test func glyphs() throws {
        let packages = try Packages()
        let source = GlyphSource(root: packages.root, source: 0)
        #expect(source.missing == [GlyphSource.package])
        let font = """
            <svg><font><glyph glyph-name="umbrella" unicode="&#xF54A;"
              d=" M0 0L512 0L512 448Z" /><glyph glyph-name="umbrella-outline" d="M0 0L9 9"/>
            <glyph glyph-name="android" d="M0 0"/><glyph glyph-name="battery-10" d="M0 0"/></font></svg>
            """
        try packages.put("\(GlyphSource.package)/fonts/materialdesignicons-webfont.svg", Data(font.utf8))
        var lexicon = CaptionLexicon()
        lexicon.add("umbrella battery android")
        let listing = try candidates(source, CorpusContext(lexicon: lexicon, emoji: EmojiNames()))
        #expect(listing.candidates.map(\.caption) == ["umbrella", "umbrella outline"])
        #expect(listing.candidates[0].alternatives == ["umbrella icon"] && listing.dropped == [.uselessCaption: 2])
        guard case .drawingBytes(let svg) = listing.candidates[0].origin else {
            Issue.record("not a drawing")
            return
        }
        let picture = try Picture.renderSVG(svg, name: "umbrella", shortestSide: 64)
        // A triangle over the lower right, since the font's y points up.
        #expect(picture.pixels[(40 * 64 + 60) * 3] == 0 && picture.pixels[(4 * 64 + 4) * 3] == 255)
    }

    @Test func namedPictures() throws {
        let packages = try Packages()
        let game = NamedPictures.pysiogame(root: packages.root, source: 0)
        #expect(game.missing == ["pysiogame"])
        for folder in game.folders { try packages.put("\(game.base)/\(folder.path)/x1.jpg", Data()) }
        try packages.put("\(game.base)/animals/guinea_pig.jpg", Data())
        let words = ["guinea_pig": ["zh": "豚鼠"]]
        let listing = try candidates(
            game, CorpusContext(lexicon: CaptionLexicon(), emoji: EmojiNames(), drawnWords: words))
        #expect(listing.candidates.map(\.byLanguage) == [["zh": "豚鼠"]])
        #expect(listing.candidates.map(\.caption) == ["guinea pig"] && listing.dropped == [.uselessCaption: 12])
        #expect(listing.candidates[0].category == "animal")
        #expect(listing.candidates[0].place == "pysiogame:animals/guinea_pig.jpg")
        let theme = NamedPictures.oxygen(root: "/", source: 0)
        var lexicon = CaptionLexicon()
        lexicon.add("music clear night")
        let places = try #require(theme.folders.first { $0.prefix == "folder-" })
        #expect(NamedPictures.caption("folder-music", in: places, lexicon: lexicon) == "music folder")
        #expect(NamedPictures.caption("folder-kde", in: places, lexicon: lexicon) == nil)
        #expect(NamedPictures.caption("folder-qwx", in: places, lexicon: lexicon) == nil)
        let weather = try #require(theme.folders.first { $0.prefix == "weather-" })
        #expect(NamedPictures.caption("weather-clear-night", in: weather, lexicon: lexicon) == "clear night")
        let buildings = NamedPictures.freeCol(root: "/", source: 0).folders[0]
        #expect(NamedPictures.caption("weavers_house", in: buildings, lexicon: lexicon) == "weaver's house")
    }

    @Test func iconsOfAThemePointNowhereTwice() throws {
        let packages = try Packages()
        try packages.put("a/cat.svg", drawing)
        try FileManager.default.createSymbolicLink(
            atPath: packages.root + "/a/kitty.svg", withDestinationPath: "cat.svg")
        #expect(CorpusFiles.names(in: packages.root + "/a", suffix: ".svg") == ["cat.svg"])
    }

    @Test func fileTypes() throws {
        let packages = try Packages()
        let source = FileTypeSource.papirus(root: packages.root, source: 0)
        #expect(source.missing == ["papirus-icon-theme", "shared-mime-info"])
        let types = """
            <mime-info><mime-type type="application/pdf"><comment>PDF document</comment>
            <comment xml:lang="zh_CN">PDF 文档</comment><comment xml:lang="de">PDF-Dokument</comment>
            <alias type="application/x-pdf"/></mime-type>
            <mime-type type="text/plain"><comment>plain file</comment></mime-type></mime-info>
            """
        try packages.put("mime/packages/freedesktop.org.xml", Data(types.utf8))
        for name in ["application-pdf", "application-x-pdf", "text-plain", "unheard-of"] {
            try packages.put("\(source.folder)/\(name).svg", drawing)
        }
        let listing = try candidates(source)
        #expect(listing.candidates.map(\.caption) == ["PDF document file", "PDF document file", "plain file"])
        #expect(listing.candidates[0].byLanguage == ["zh": "PDF 文档"] && listing.dropped == [.uselessCaption: 1])
    }

    @Test func unitsOfAGame() throws {
        let packages = try Packages()
        let source = WesnothSource(root: packages.root, source: 0)
        #expect(source.missing == [WesnothSource.package])
        let core = "games/wesnoth/1.16/data/core"
        let unit = """
            #textdomain wesnoth-units
            [unit_type]
                id=Elvish Archer
                name= _ "Elvish Archer"
                image="units/archer.png"
                profile="portraits/archer.png~CROP(0,0,9,9)"
                [attack]
                    description=_"bow"
                    icon=attacks/bow.png
                [/attack]
                [female]
                    name= _ "female^Elvish Archer"
                    image="units/archer+female.png"
                [/female]
                [standing_anim]
                    image="units/never.png"
                [/standing_anim]
            [/unit_type]
            """
        let names = WesnothNames.read(Array(unit.utf8))
        #expect(
            Set(names.map(\.image)) == [
                "units/archer.png", "portraits/archer.png", "attacks/bow.png", "units/archer+female.png",
            ])
        #expect(names.allSatisfy { ["Elvish Archer", "bow"].contains($0.english) })
        try packages.put("\(core)/units/archer.cfg", Data(unit.utf8))
        for name in ["units/archer", "portraits/archer", "attacks/bow", "items/potion-red", "scenery/windmill-07"] {
            try packages.put("\(core)/images/\(name).png", Data())
        }
        let listing = try candidates(source)
        #expect(listing.candidates.map(\.caption) == ["bow", "Elvish Archer", "Elvish Archer", "red potion"])
        #expect(listing.candidates[1].alternatives == ["portrait of Elvish Archer"])
        #expect(listing.dropped == [.uselessCaption: 1])
        #expect(WesnothSource.caption("chest-plain-open") == "open chest")
    }

    @Test func bundledPictures() throws {
        let packages = try Packages()
        let source = GComprisSource(root: packages.root, source: 0)
        #expect(source.missing == [GComprisSource.package])
        try packages.put("gcompris-qt/rcc/erase.rcc", Data("no bundle".utf8))
        #expect(throws: CorpusError.self) { try candidates(source) }
        #expect(try GComprisSource.drawnWords(root: packages.root).isEmpty)
        try packages.put("gcompris-qt/rcc/lang.rcc", Data("no bundle".utf8))
        #expect(throws: CorpusError.self) { try GComprisSource.drawnWords(root: packages.root) }
        typealias Shelf = GComprisSource.Shelf
        #expect(GComprisSource.caption("polar_bear", shelf: Shelf()) == "polar bear")
        #expect(GComprisSource.caption("17_lion", shelf: Shelf()) == "lion")
        #expect(GComprisSource.caption("measuringTape4", shelf: Shelf()) == "measuring tape")
        #expect(GComprisSource.caption("mountRushmore", shelf: Shelf(isProper: true)) == "Mount Rushmore")
        #expect(GComprisSource.caption("fish7", shelf: Shelf(always: "fish")) == "fish")
        #expect(GComprisSource.caption("background", shelf: Shelf()) == nil)
    }
}
