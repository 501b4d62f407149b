import Foundation

/// The icons of `fonts-materialdesignicons-webfont`, one color each, drawn from the outlines in its SVG font.
struct GlyphSource: CorpusSource {
    static let package = "fonts-materialdesignicons-webfont"
    let root: String
    let source: Int

    private var font: String { "\(root)/\(Self.package)/fonts/materialdesignicons-webfont.svg" }

    var missing: [String] { CorpusFiles.exists(font) ? [] : [Self.package] }

    func listing(_ context: CorpusContext) throws -> CorpusListing {
        var listing = CorpusListing()
        MarkupScanner.scan(try CorpusFiles.contents(font, limit: 1 << 26)[...]) { tag in
            guard tag.name == "glyph", let name = tag.attribute("glyph-name"), let outline = tag.attribute("d") else {
                return
            }
            guard let caption = Self.caption(name, lexicon: context.lexicon) else {
                listing.drop(.uselessCaption)
                return
            }
            // The font's y points up from the baseline, 448 of 512 units below the top.
            let svg =
                #"<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 512 512">"#
                + #"<path transform="translate(0,448) scale(1,-1)" d="\#(outline)"/></svg>"#
            listing.candidates.append(
                CorpusCandidate(
                    origin: .drawingBytes(Data(svg.utf8)), source: source, place: "\(Self.package):\(name)", folder: "",
                    category: nil, license: "CC-BY-4.0", caption: caption, alternatives: ["\(caption) icon"]))
        } text: { _, _ in
        }
        return listing
    }

    /// The name in words; nil for products' marks, levels and sizes, and words that nobody else uses.
    static func caption(_ name: String, lexicon: CaptionLexicon) -> String? {
        var words = name.split(separator: "-").map(String.init)
        guard let first = words.first, !marks.contains(first),
            !words.contains(where: { $0.contains(where: \.isNumber) })
        else { return nil }
        if words.count > 1, words.last == "variant" { words.removeLast() }
        let shapes: Set<String> = ["outline", "off", "box", "plus", "minus", "multiple", "circle"]
        guard words.allSatisfy({ lexicon.knows($0) || shapes.contains($0) }) else { return nil }
        return words.joined(separator: " ")
    }

    /// Trade names at the head of an icon's name.
    private static let marks: Set<String> = [
        "airplay", "amazon", "android", "apple", "appnet", "artstation", "basecamp", "beats", "behance", "bing",
        "bitbucket", "blackberry", "blender", "blogger", "bootstrap", "box", "buffer", "cast", "chromecast", "codepen",
        "creation", "deviantart", "discord", "disqus", "docker", "dolby", "dribbble", "drupal", "dropbox", "edge",
        "emby", "etsy", "evernote", "facebook", "firefox", "foursquare", "gentoo", "git", "github", "gitlab",
        "gmail", "gnome", "google", "hangouts", "houzz", "incognito", "instagram", "instapaper", "internet",
        "itunes", "jira", "jsfiddle", "json", "kodi", "language", "lastfm", "linkedin", "linux", "lumx", "magento",
        "maxcdn", "medium", "meetup", "microsoft", "minecraft", "mixcloud", "mixer", "netflix", "nfc", "nodejs", "npm",
        "nuget", "odnoklassniki", "office", "onedrive", "onenote", "openid", "opera", "pandora", "patreon",
        "periscope", "pinterest", "playstation", "plex", "pocket", "polymer", "pushbullet", "quicktime", "raspberrypi",
        "rdio", "react", "reddit", "rss", "safari", "skype", "slack", "snapchat", "soundcloud", "sourcetree",
        "spotify", "stackexchange", "stackoverflow", "steam", "tumblr", "twitch", "twitter", "uber", "ubuntu",
        "untappd",
        "vimeo", "vine", "vk", "vlc", "vuejs", "wechat", "whatsapp", "wii", "wiiu", "wikipedia", "windows", "wordpress",
        "wunderlist", "xamarin", "xaml", "xbox", "xda", "xing", "xml", "yammer", "yelp", "youtube",
    ]
}
