import Testing
@testable import CLIPText
@Test func a() throws { #expect(try CLIPTokenizer().encode("a diagram") == [320, 22697]) }
