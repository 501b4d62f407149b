/// Sets that go by a name, and names of classes that their files do not hold.
enum KnownSets {
    /// Debian's `dataset-fashion-mnist`.
    static let fashionMNIST = "/usr/share/datasets/fashion-mnist"

    static let cifar10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    /// In the order of CIFAR-100's `fine_label_names.txt`.
    static let cifar100 = [
        "apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
        "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
        "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
        "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn mower", "leopard", "lion",
        "lizard", "lobster", "man", "maple tree", "motorcycle", "mountain", "mouse", "mushroom", "oak tree", "orange",
        "orchid", "otter", "palm tree", "pear", "pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine",
        "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
        "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank",
        "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
        "willow tree", "wolf", "woman", "worm",
    ]
    static let stl10 = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
    static let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    /// As the data set's authors name them (github.com/zalandoresearch/fashion-mnist).
    static let fashion = [
        "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ]

    /// More classes than any set has: a label above this is no class's place.
    static let mostClasses = 1 << 20

    /// Names of classes that have none, up to the highest label. A label below 0 or above ``mostClasses`` is refused.
    /// - Parameters:
    ///   - labels: in the order of rows.
    ///   - name: the file that has them, for the message.
    /// - Throws: ``EvaluationError/labelOutOfRange(name:row:label:classCount:)``.
    static func numbers(for labels: [Int], in name: String) throws -> [String] {
        if let row = labels.firstIndex(where: { !(0..<mostClasses).contains($0) }) {
            throw EvaluationError.labelOutOfRange(name: name, row: row, label: labels[row], classCount: mostClasses)
        }
        return (0..<(labels.max() ?? -1) + 1).map(String.init)
    }
}
