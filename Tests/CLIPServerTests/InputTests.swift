import Foundation
import LoopbackServer
import Testing

@testable import CLIPServer

/// What comes from outside: forms, addresses, pictures' names.
@Suite struct InputTests {
    private func form(_ text: String, boundary: String = "X") throws -> [Multipart.Part] {
        try Multipart.parse(
            Data(text.replacing("\n", with: "\r\n").utf8), contentType: "multipart/form-data; boundary=\(boundary)")
    }

    @Test func formsAreRead() throws {
        let parts = try form(
            """
            --X
            Content-Disposition: form-data; name="entries"

            {"a": 1}
            --X
            content-type: image/png
            content-disposition: form-data; filename="a;name=\\"b\\".png"; name=image

            \u{1}--X in it
            --Xnot the end
            --X--

            """)
        #expect(parts.map(\.name) == ["entries", "image"])
        #expect(parts[0].contents == Data("{\"a\": 1}".utf8))
        #expect(parts[1].contents == Data("\u{1}--X in it\r\n--Xnot the end".utf8))
        #expect(try form("--X--\n").isEmpty)
    }

    @Test func damagedFormsAreRefused() throws {
        for text in [
            "", "--X", "--X\n", "--X\nContent-Disposition: form-data; name=a\n\nno end", "--X\nno head\n--X--",
            "--X\nContent-Type: a\n\nno name\n--X--", "--Y\nContent-Disposition: form-data; name=a\n\n1\n--Y--",
            "--X\nContent-Disposition: form-data; name=\n",
            "--X\n" + String(repeating: "a", count: 9000) + "\n\n\n--X--",
            String(repeating: "--X\nContent-Disposition: form-data; name=a\n\n1\n", count: 40) + "--X--",
        ] {
            #expect(throws: ServerError.self, "\(text.prefix(40))") { try form(text) }
        }
        for type in [
            nil, "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=X",
        ] {
            #expect(throws: ServerError.self) { try Multipart.parse(Data("--X--".utf8), contentType: type) }
        }
        // Nothing random makes it fail otherwise.
        var generator = SeededGenerator(state: 5)
        for _ in 0..<2000 {
            let pieces = [
                "--X", "\r\n", "--", "Content-Disposition: form-data; name=\"a\"", "\r\n\r\n", "\"", ";", "\u{0}",
            ]
            let body = (0..<Int(generator.next() % 12)).map { _ in pieces[Int(generator.next() % 8)] }.joined()
            _ = try? Multipart.parse(Data(body.utf8), contentType: "multipart/form-data; boundary=\"X\"")
        }
    }

    @Test func picturesAreNamedInManyWays() throws {
        let bytes = Data([1, 2, 250])
        #expect(try PictureInput(text: "data:image/png;base64,AQL6") == .bytes(bytes))
        #expect(try PictureInput(text: "data:image/png,%01%02%FA") == .bytes(bytes))
        #expect(try PictureInput(text: "data:;base64,AQL6") == .bytes(bytes))
        #expect(try PictureInput(text: "AQL6") == .bytes(bytes))
        #expect(try PictureInput(text: "HTTPS://a.example/b") == .address("HTTPS://a.example/b"))
        for text in [
            "", "data:", "data:image/png;base64", "data:image/png;base64,", "data:text/plain,a", "file:///etc/passwd",
            "data:image/png,%0", "data:image/png,%zz", "/etc/passwd",
        ] {
            #expect(throws: ServerError.self, "\(text)") { try PictureInput(text: text) }
        }
        func decode(_ text: String) throws -> PictureInput { try ServerJSON.decode(PictureInput.self, Data(text.utf8)) }
        #expect(try decode("{\"id\": 7}") == .id(7))
        #expect(try decode("{\"image\": \"AQL6\"}") == .bytes(bytes))
        #expect(throws: ServerError.self) { try decode("{\"path\": \"/etc/passwd\"}") }
        #expect(throws: ServerError.self) { try decode("7") }
    }

    @Test func onlyThePublicInternetIsFetchedFrom() throws {
        func bytes(_ text: String) throws -> [UInt8] { try #require(AddressRules.resolve(text).first).bytes }
        for text in [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
            "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fd00::1",
            "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
            "2001::1",
        ] { #expect(try !AddressRules.isPublic(bytes(text)), "\(text)") }
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::"] {
            #expect(try AddressRules.isPublic(bytes(text)), "\(text)")
        }
        // Numbers that mean an address are that address.
        #expect(try AddressRules.resolve("localhost").allSatisfy { !AddressRules.isPublic($0.bytes) })
        #expect(try !AddressRules.isPublic(bytes("2130706433")) && !AddressRules.isPublic(bytes("0x7f.1")))
    }

    @Test func keysAreComparedWhole() {
        #expect(Door.isEqual("secret", "secret") && Door.isEqual("", ""))
        for other in ["", "secre", "secrets", "Secret", "secresecret", "secretsecret"] {
            #expect(!Door.isEqual("secret", other) && !Door.isEqual(other, "secret"), "\(other)")
        }
    }
}

/// A small generator with a seed, so that a failure comes again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
