/// What the sources' folders hold, in words that all sources share: the classes of a zero-shot test.
enum CategoryNames {
    /// The name of the longest listed folder that `folder` is or lies in.
    static func name(of folder: String, in table: [String: String]) -> String? {
        var parts = folder.split(separator: "/")
        while !parts.isEmpty {
            if let name = table[parts.joined(separator: "/")] { return name }
            parts.removeLast()
        }
        return nil
    }

    static let clipart: [String: String] = [
        "animals": "animal", "animals/birds": "bird", "animals/bugs": "insect", "animals/dinosaurs": "dinosaur",
        "animals/fish": "fish", "animals/mammals": "mammal",
        "buildings": "building", "buildings/furniture": "furniture",
        "buttons": "button", "computer/buttons": "button",
        "computer": "computer", "computer/icons": "computer icon", "computer/folders": "computer icon",
        "containers": "container", "decorations": "decoration", "education": "school", "education/books": "book",
        "electronics": "electronics",
        "food": "food", "food/beverages": "drink", "food/desserts": "dessert", "food/fruit": "fruit",
        "food/vegetables": "vegetable",
        "geography": "map", "geography/astronomy": "space", "logos": "logo",
        "office": "office supplies", "office/telephone": "telephone",
        "people": "person", "people/bodypart": "body part", "people/clothing": "clothing", "people/smilies": "face",
        "people/stickmen": "stick figure",
        "plants": "plant", "plants/flowers": "flower", "plants/trees": "tree",
        "recreation/art": "art", "recreation/games": "game", "recreation/games/cards": "playing card",
        "recreation/games/chess": "chess piece", "recreation/holiday": "celebration", "recreation/music": "music",
        "recreation/party": "celebration", "recreation/religion": "religion", "recreation/sports": "sport",
        "recreation/toys": "toy", "science": "science", "science/astronomy": "space",
        "shapes": "shape", "shapes/arrows": "arrow", "shapes/callouts": "speech balloon",
        "shapes/flowchart": "flowchart symbol", "shapes/jigsaw": "jigsaw puzzle piece", "shapes/stars": "star",
        "signs_and_symbols": "sign", "signs_and_symbols/clocks": "clock", "signs_and_symbols/flags": "flag",
        "signs_and_symbols/led": "light", "signs_and_symbols/map_symbols": "map symbol",
        "signs_and_symbols/money": "money", "signs_and_symbols/weather": "weather",
        "special/gradients": "color gradient", "special/patterns": "pattern",
        "tools": "tool", "tools/toys": "toy", "tools/weapons": "weapon",
        "transportation": "vehicle", "transportation/aiga-symbols": "sign", "transportation/boating": "boat",
        "transportation/roadsigns": "road sign",
    ]

    static let stamps: [String: String] = [
        "animals": "animal", "animals/birds": "bird", "animals/dinosaur": "dinosaur", "animals/fish": "fish",
        "animals/insects": "insect", "animals/mammals": "mammal", "animals/marsupials": "mammal",
        "clothes": "clothing", "food": "food", "food/dessert": "dessert", "food/fruit": "fruit",
        "food/vegetables": "vegetable", "hobbies/music": "music", "household": "household",
        "household/electronics": "electronics", "household/tools": "tool", "medical": "medicine",
        "military": "weapon", "military/vehicles": "vehicle", "naturalforces": "weather",
        "people": "person", "people/body_parts": "body part", "people/toys": "toy",
        "plants": "plant", "plants/flowers": "flower", "plants/trees": "tree", "seasonal": "celebration",
        "space": "space", "sports": "sport",
        "symbols/alphabets": "letter", "symbols/alphabets/asl": "hand gesture", "symbols/chess": "chess piece",
        "symbols/faces": "face", "symbols/math": "number", "symbols/money": "money", "symbols/music": "music",
        "symbols/shapes": "shape", "town": "building", "town/flags": "flag", "town/roadsigns": "road sign",
        "vehicles": "vehicle", "vehicles/ship": "boat",
    ]

    /// By the second label of CLDR's labels.txt.
    static let emoji: [String: String] = [
        "animal-amphibian": "animal", "animal-bird": "bird", "animal-bug": "insect", "animal-mammal": "mammal",
        "animal-marine": "fish", "animal-reptile": "animal", "arrow": "arrow", "arts & crafts": "art",
        "award-medal": "award", "body": "body part", "book-paper": "book", "cat-face": "face", "clothing": "clothing",
        "computer": "computer", "country-flag": "flag", "dishware": "household", "drink": "drink",
        "emotion": "heart or emotion", "event": "celebration", "face-fantasy": "face", "face-negative": "face",
        "face-neutral": "face", "face-positive": "face", "face-role": "face", "face-sick": "face", "family": "family",
        "flag": "flag", "food-asian": "food", "food-fruit": "fruit", "food-prepared": "food", "food-sweet": "dessert",
        "food-vegetable": "vegetable", "game": "game", "geometric": "shape", "hotel": "sign", "household": "household",
        "keycap": "number", "light & video": "light", "lock": "lock", "mail": "mail", "medical": "medicine",
        "money": "money", "monkey-face": "face", "music": "music", "musical-instrument": "music",
        "office": "office supplies", "person": "person", "person-activity": "person", "person-fantasy": "person",
        "person-gesture": "person", "person-role": "person", "person-sport": "sport", "phone": "telephone",
        "place-building": "building", "place-geographic": "landscape", "place-map": "map",
        "place-religious": "building", "plant-flower": "flower", "plant-other": "plant",
        "religion": "religion", "science": "science", "sky & weather": "weather", "sport": "sport",
        "subdivision-flag": "flag", "time": "clock", "tool": "tool", "transport-air": "vehicle",
        "transport-ground": "vehicle", "transport-sign": "sign", "transport-water": "boat", "warning": "sign",
        "writing": "office supplies", "zodiac": "zodiac sign", "alphanum": "button", "av-symbol": "button",
        "other-symbol": "sign",
    ]
}
