/// A phrase around a noun, in English and Chinese.
///
/// In English `{a}` is the noun with its article, `{n}` the noun, `{s}` its plural, and `{b}` another noun with its
/// article; in Chinese `{n}` and `{b}` are the nouns, `{m}` and `{k}` their measure words.
struct PhraseTemplate: Sendable {
    /// What it is said of.
    enum Subject: Sendable {
        case anything, things, notPeople, living, people, animals, food
    }

    let english: String
    let chinese: String
    let subject: Subject

    init(_ english: String, _ chinese: String, _ subject: Subject = .anything) {
        (self.english, self.chinese, self.subject) = (english, chinese, subject)
    }

    func suits(_ noun: PhraseNoun) -> Bool {
        if english.contains("{s}"), noun.isMass || noun.looksPlural { return false }
        switch subject {
        case .anything: return true
        case .things: return !noun.isLiving
        case .notPeople: return noun.field != .person
        case .food: return noun.field == .food
        case .living: return noun.isLiving
        case .people: return noun.field == .person
        case .animals: return noun.field == .animal
        }
    }

    static let all: [PhraseTemplate] = [
        .init("a photo of {a}", "一张{n}的照片"),
        .init("a picture of {a}", "一张{n}的图片"),
        .init("a drawing of {a}", "一幅{n}的画"),
        .init("a painting of {a}", "一幅{n}的油画"),
        .init("a sketch of {a}", "一张{n}的素描"),
        .init("a cartoon of {a}", "一幅{n}的卡通画"),
        .init("an icon of {a}", "一个{n}图标"),
        .init("a black and white photo of {a}", "一张{n}的黑白照片"),
        .init("a close-up of {a}", "{n}的特写"),
        .init("a blurry photo of {a}", "一张模糊的{n}照片"),
        .init("a bright photo of {a}", "一张明亮的{n}照片"),
        .init("a silhouette of {a}", "{n}的剪影"),
        .init("an outline drawing of {a}", "{n}的线条画"),
        .init("{a} on a white background", "白色背景上的{n}"),
        .init("{a} on a black background", "黑色背景上的{n}"),
        .init("{a} and {b}", "一{m}{n}和一{k}{b}"),
        .init("{a} next to {b}", "{b}旁边的{n}"),
        .init("{a} in front of {b}", "{b}前面的{n}"),
        .init("{a} behind {b}", "{b}后面的{n}"),
        .init("two {s}", "两{m}{n}"),
        .init("three {s}", "三{m}{n}"),
        .init("four {s}", "四{m}{n}"),
        .init("five {s}", "五{m}{n}"),
        .init("many {s}", "很多{n}"),
        .init("a photo of two {s}", "两{m}{n}的照片"),
        .init("a big {n}", "一{m}大{n}"),
        .init("a small {n}", "一{m}小{n}"),
        .init("a beautiful {n}", "一{m}漂亮的{n}"),
        .init("a cute {n}", "一{m}可爱的{n}", .living),
        .init("a sleeping {n}", "一{m}正在睡觉的{n}", .animals),
        .init("a running {n}", "一{m}正在奔跑的{n}", .animals),
        .init("a smiling {n}", "一{m}微笑的{n}", .people),
        .init("a portrait of {a}", "一幅{n}的肖像", .people),
        .init("{a} with a hat", "一{m}戴帽子的{n}", .people),
        .init("a young {n}", "一{m}年轻的{n}", .people),
        .init("{a} in the grass", "草地上的{n}", .animals),
        .init("{a} in the water", "水里的{n}", .animals),
        .init("a red {n}", "一{m}红色的{n}", .things),
        .init("a blue {n}", "一{m}蓝色的{n}", .things),
        .init("a green {n}", "一{m}绿色的{n}", .things),
        .init("a yellow {n}", "一{m}黄色的{n}", .things),
        .init("a white {n}", "一{m}白色的{n}", .notPeople),
        .init("a black {n}", "一{m}黑色的{n}", .notPeople),
        .init("a brown {n}", "一{m}棕色的{n}", .animals),
        .init("an orange {n}", "一{m}橙色的{n}", .things),
        .init("a pink {n}", "一{m}粉红色的{n}", .things),
        .init("a purple {n}", "一{m}紫色的{n}", .things),
        .init("an old {n}", "一{m}旧的{n}", .things),
        .init("a new {n}", "一{m}新的{n}", .things),
        .init("a round {n}", "一{m}圆形的{n}", .things),
        .init("a broken {n}", "一{m}坏了的{n}", .things),
        .init("{a} on a table", "桌子上的{n}", .food),
        .init("{a} on a plate", "盘子里的{n}", .food),
    ]

    /// The characters of the templates that are written otherwise in traditional Chinese.
    static let traditional: [Character: Character] = [
        "张": "張", "图": "圖", "画": "畫", "标": "標", "写": "寫", "个": "個", "两": "兩", "线": "線", "条": "條",
        "红": "紅", "蓝": "藍", "绿": "綠", "黄": "黃", "旧": "舊", "圆": "圓", "坏": "壞", "后": "後", "里": "裡",
        "爱": "愛", "觉": "覺", "盘": "盤", "轻": "輕", "边": "邊", "只": "隻",
    ]
}

/// A noun that phrases are made of.
struct PhraseNoun: Sendable {
    let text: String
    let field: WordNet.Field
    let word: ChineseDictionary.Word

    var isLiving: Bool { field == .animal || field == .person }
    /// Said without an article.
    var isMass: Bool { field == .substance || field == .food && Self.masses.contains(lastWord) }
    var looksPlural: Bool { lastWord.hasSuffix("s") && !lastWord.hasSuffix("ss") || Self.plurals.contains(lastWord) }

    private var lastWord: String { text.split(separator: " ").last.map(String.init) ?? text }

    var measure: String { field == .animal ? "只" : "个" }

    var withArticle: String {
        if isMass || looksPlural { return text }
        return (Self.beginsWithVowel(text) ? "an " : "a ") + text
    }

    var plural: String {
        if let irregular = Self.irregular[lastWord] { return text.dropLast(lastWord.count) + irregular }
        if ["s", "x", "ch", "sh", "z"].contains(where: text.hasSuffix) { return text + "es" }
        if text.hasSuffix("man"), !text.hasSuffix("human"), field == .person { return text.dropLast(3) + "men" }
        if text.hasSuffix("y"), let before = text.dropLast().last, !"aeiou".contains(before) {
            return text.dropLast() + "ies"
        }
        return text + "s"
    }

    static func beginsWithVowel(_ text: String) -> Bool {
        if ["uni", "use", "usu", "eu", "one ", "ut", "ukulele", "ufo"].contains(where: text.hasPrefix) {
            return text.hasPrefix("unin") || text.hasPrefix("unim") || text.hasPrefix("utter")
        }
        if ["hour", "heir", "honest", "honor"].contains(where: text.hasPrefix) { return true }
        return text.first.map("aeiou".contains) ?? false
    }

    private static let irregular = [
        "child": "children", "mouse": "mice", "goose": "geese", "foot": "feet", "tooth": "teeth", "ox": "oxen",
        "sheep": "sheep", "fish": "fish", "deer": "deer", "knife": "knives", "wolf": "wolves", "leaf": "leaves",
        "shelf": "shelves", "calf": "calves", "wife": "wives", "loaf": "loaves", "person": "people", "thief": "thieves",
        "aircraft": "aircraft", "salmon": "salmon", "shrimp": "shrimp", "potato": "potatoes", "tomato": "tomatoes",
    ]
    private static let plurals: Set<String> = [
        "people", "cattle", "police", "clothing", "furniture", "jewelry", "footwear", "headwear", "machinery",
        "luggage",
    ]
    private static let masses: Set<String> = [
        "food", "water", "bread", "rice", "milk", "tea", "coffee", "cheese", "butter", "meat", "beef", "pork", "mutton",
        "juice", "soup", "sugar", "salt", "flour", "honey", "jam", "wine", "beer", "chocolate", "tofu", "porridge",
        "sauce", "mustard", "pepper", "vinegar", "ginger", "garlic", "corn", "wheat", "barley", "bacon", "ham", "fish",
        "cream", "yogurt", "fruit", "candy", "toast", "seafood", "poultry", "venison", "starch", "oil", "broth",
    ]
}
