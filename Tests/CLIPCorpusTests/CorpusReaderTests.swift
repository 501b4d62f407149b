import Files
import Foundation
import Testing

@testable import CLIPCorpus

@Suite struct CorpusReaderTests {
    @Test func catalogIsRead() throws {
        for isBig in [false, true] {
            let bytes = catalog(["Norway": "挪威", "female^Archer": "女射手", "": "header", "cat\0cats": "猫"], isBig: isBig)
            let catalog = try MessageCatalog(bytes, path: "a.mo")
            #expect(catalog["Norway"] == "挪威" && catalog["female^Archer"] == "女射手" && catalog["cat"] == "猫")
            #expect(catalog[""] == nil && catalog["Sweden"] == nil)
        }
        #expect(try MessageCatalog(path: "/nowhere/a.mo")["Norway"] == nil)
    }

    @Test func damagedCatalogsAreRefused() throws {
        let whole = catalog(["Norway": "挪威", "Sweden": "瑞典"], isBig: false)
        for count in 0..<whole.count - 1 {
            #expect(throws: CorpusError.self) { try MessageCatalog(Array(whole[..<count]), path: "a.mo") }
        }
        var huge = whole
        huge.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: CorpusError.damagedFile(path: "a.mo", reason: "it claims 4294967295 messages")) {
            try MessageCatalog(huge, path: "a.mo")
        }
    }

    @Test func bundleIsRead() throws {
        for version in [1, 2, 3] {
            let bundle = try ResourceBundle(bundle(version: version), path: "a.rcc")
            #expect(bundle.entries.map(\.path) == ["pictures/cat.svg", "pictures/ox.svg"])
            #expect(try bundle.contents(of: bundle.entries[0]) == Data("<svg/>".utf8))
            #expect(try bundle.contents(of: bundle.entries[1]) == Data(String(repeating: "ab", count: 50).utf8))
        }
    }

    @Test func damagedBundlesAreRefused() throws {
        let whole = bundle(version: 3)
        for count in 0..<whole.count {
            #expect(throws: CorpusError.self) {
                let bundle = try ResourceBundle(Array(whole[..<count]), path: "a.rcc")
                for entry in bundle.entries { _ = try bundle.contents(of: entry) }
                // What is cut off belongs to a file that the tree still names.
                throw CorpusError.damagedFile(path: "a.rcc", reason: "read \(bundle.entries.count)")
            }
        }
        var endless = whole
        let tree = Int(whole[11])
        // The root folder holds itself.
        endless.replaceSubrange((tree + 6)..<(tree + 14), with: [0, 0, 0, 2, 0, 0, 0, 0])
        #expect(throws: CorpusError.self) { try ResourceBundle(endless, path: "a.rcc") }
    }

    @Test func whatIsPackedIsUnpackedWholeOrNotAtAll() {
        let gzip = Data(base64Encoded: "H4sICAAAAAAC/2EudHh0AMtIzcnJBwCGphA2BQAAAA==").map(Array.init) ?? []
        #expect(Inflate.gzip(gzip, limit: 5) == Array("hello".utf8) && Inflate.gzip(gzip, limit: 4) == nil)
        for count in 0..<gzip.count { #expect(Inflate.gzip(Array(gzip[..<count]), limit: 10) == nil) }
        // Made with zlib.
        let plain = Data(base64Encoded: "eNrLSM3JyQcABiwCFQ==").map(Array.init) ?? []
        #expect(Inflate.zlib(plain[...], limit: 5) == Array("hello".utf8) && Inflate.zlib(plain[...], limit: 4) == nil)
        for count in 0..<plain.count { #expect(Inflate.zlib(plain[..<count], limit: 10) == nil) }
        #expect(Inflate.zlib([0x07, 1, 2], limit: 10) == nil && Inflate.gzip(plain, limit: 10) == nil)
    }

    @Test func licensesOfFiles() {
        let licenses = PackageLicenses(
            Array(
                """
                Format: x

                Files: *
                Copyright: somebody
                License: GPL-3+

                Files: src/a/*.svg
                 src/b/*
                License: public-domain
                 No rights.

                License: GPL-3+
                 Text.

                Files: src/b/cat.jpg
                License: CC-BY-SA-3.0
                """.utf8))
        #expect(licenses.license(of: "src/c.png") == "GPL-3.0-or-later")
        #expect(licenses.license(of: "src/a/deep/x.svg") == "public domain")
        #expect(licenses.license(of: "src/b/cat.webp") == "CC-BY-SA-3.0")
        #expect(PackageLicenses([]).license(of: "a") == nil)
    }

    @Test func dictionaryPrefersPlainWords() throws {
        let text = """
            # CC-CEDICT
            貓 猫 [mao1] /cat/CL:隻|只[zhi1]/(dialect) to hide oneself/
            貓頭鷹 猫头鹰 [mao1 tou2 ying1] /owl/
            貓科 猫科 [mao1 ke1] /Felidae (the cat family)/
            貓貓 猫猫 [mao1 mao1] /(coll.) cat/
            熊貓 熊猫 [xiong2 mao1] /panda/
            咖 咖 [ka1] /(bound form) coffee/
            咖啡 咖啡 [ka1 fei1] /coffee (loanword)/CL:杯[bei1]/
            咖啡館 咖啡馆 [ka1 fei1 guan3] /café/coffee shop/
            李 李 [Li3] /surname Li/plum/
            李子 李子 [li3 zi5] /plum/
            櫻桃 樱桃 [ying1 tao2] /cherry/
            跑步 跑步 [pao3 bu4] /to run; to jog/
            喵星人 喵星人 [miao1] /cat (Internet slang)/
            """
        let dictionary = try ChineseDictionary(Array(text.utf8), path: "c.txt")
        #expect(dictionary.word(for: "A cat") == .init(simplified: "猫", traditional: "貓"))
        #expect(dictionary.word(for: "Cats")?.simplified == "猫" && dictionary.word(for: "cherries")?.simplified == "樱桃")
        #expect(dictionary.word(for: "coffee")?.simplified == "咖啡")
        #expect(dictionary.word(for: "plum")?.traditional == "李子" && dictionary.word(for: "jog")?.simplified == "跑步")
        #expect(dictionary.word(for: "black cat") == nil && dictionary.word(for: "surname Li") == nil)
        #expect(throws: CorpusError.self) { try ChineseDictionary(Array("no entries".utf8), path: "c.txt") }
        #expect(throws: CorpusError.self) { try ChineseDictionary.contents("/nowhere.txt") }
    }

    private func number(_ value: Int, isBig: Bool = true) -> [UInt8] {
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        return isBig ? bytes : bytes.reversed()
    }

    private func catalog(_ messages: [String: String], isBig: Bool) -> [UInt8] {
        let pairs = messages.sorted { $0.key < $1.key }
        var text: [UInt8] = []
        var tables: [[UInt8]] = [[], []]
        for (column, values) in [pairs.map(\.key), pairs.map(\.value)].enumerated() {
            for value in values {
                tables[column] += number(value.utf8.count, isBig: isBig)
                tables[column] += number(28 + 16 * pairs.count + text.count, isBig: isBig)
                text += Array(value.utf8) + [0]
            }
        }
        let header = [0x9504_12DE, 0, pairs.count, 28, 28 + 8 * pairs.count, 0, 0]
        return header.flatMap { number($0, isBig: isBig) } + tables[0] + tables[1] + text
    }

    /// A folder with a drawing as it is and a compressed text.
    private func bundle(version: Int) -> [UInt8] {
        let plain = Array("<svg/>".utf8)
        let packed = Data(base64Encoded: "eNpLTEqkOQQAhAsmFw==").map(Array.init) ?? []
        let data = number(plain.count) + plain + number(packed.count + 4) + number(100) + packed
        var names: [UInt8] = []
        let offsets = ["pictures", "cat.svg", "ox.svg"].map { name -> Int in
            defer { names += [0, UInt8(name.count)] + number(0) + name.utf8.flatMap { [0, $0] } }
            return names.count
        }
        let tail = version == 1 ? [] : number(0) + number(0)
        var tree = number(0) + [0, 2] + number(1) + number(1) + tail
        tree += number(offsets[0]) + [0, 2] + number(2) + number(2) + tail
        tree += number(offsets[1]) + [0, 0, 0, 0, 0, 0] + number(0) + tail
        tree += number(offsets[2]) + [0, 1, 0, 0, 0, 0] + number(4 + plain.count) + tail
        let start = version == 3 ? 24 : 20
        let header = Array("qres".utf8) + number(version) + number(start) + number(start + tree.count + names.count)
        return header + number(start + tree.count) + (version == 3 ? number(0) : []) + tree + names + data
    }
}
