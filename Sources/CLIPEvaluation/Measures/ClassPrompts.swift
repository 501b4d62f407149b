import CLIP
import Files
import Foundation

/// What each class is asked for with.
public struct ClassPrompts: Sendable, Equatable {
    /// What the classes are called.
    public var names: [String]
    /// Sentences with `{}` for the name; several are ensembled.
    public var templates: [PromptTemplate]
    /// Sentences of each class, in place of names in templates: nil where there are none.
    public var sentences: [[String]]?

    /// Names in templates; without any, a name stands for itself.
    public init(names: [String], templates: [PromptTemplate] = [.plain], sentences: [[String]]? = nil) {
        (self.names, self.sentences) = (names, sentences)
        self.templates = templates.isEmpty ? [.plain] : templates
    }

    /// What is given, or else what the set has.
    /// - Parameters:
    ///   - setName: whose names and templates are meant in files that have those of several sets.
    ///   - classNames: the set's names.
    ///   - own: the set's templates.
    ///   - templates: those of `templatesFile` come after them.
    /// - Throws: ``EvaluationError``, `CLIPError.template`.
    public init(
        setName: String, classNames: [String], own: [String], labels: [String]?, labelsFile: String?,
        templates: [String], templatesFile: String?
    ) throws {
        var names = labels ?? classNames
        if let labelsFile { names = try PromptFile.names(labelsFile, dataSet: setName) }
        let given = templates.isEmpty && templatesFile == nil ? own : templates
        var all = try given.map { try PromptTemplate($0) }
        var sentences: [[String]]?
        if let templatesFile {
            switch try PromptFile.templates(templatesFile, dataSet: setName, classNames: names) {
            case .templates(let read): all += read
            case .sentences(let byClass):
                sentences = try names.map { name in
                    guard let own = byClass[name], !own.isEmpty else {
                        throw EvaluationError.prompts(
                            name: templatesFile, problem: "class \"\(name)\" has no sentences")
                    }
                    return own
                }
            }
        }
        self.init(names: names, templates: all, sentences: sentences)
    }

    /// All sentences, a class's one after another.
    var texts: [[String]] {
        sentences ?? names.map { name in templates.map { $0.filled(with: name) } }
    }

    /// The names alone, the first template alone, and all: what ensembling brings.
    var steps: [(name: String, prompts: ClassPrompts)] {
        guard sentences == nil else { return [("sentences", self)] }
        var steps = [("bare names", ClassPrompts(names: names))]
        if templates != [.plain] {
            steps.append(("one template", ClassPrompts(names: names, templates: [templates[0]])))
        }
        if templates.count > 1 { steps.append(("ensemble", self)) }
        return steps
    }
}

/// Class names and templates in files: a line each, or JSON as they are published.
///
/// Of JSON are read: a list of strings; an object of lists by data set (CLIP_benchmark's `en_classnames.json` and
/// `en_zeroshot_classification_templates.json`); an object of sentences by class (as CuPL's, arXiv 2209.03320).
public enum PromptFile {
    /// More than all published ones together.
    private static let mostBytes = 1 << 26

    /// Class names.
    /// - Parameter dataSet: whose list is meant, of a file that has several.
    /// - Throws: ``EvaluationError``.
    public static func names(_ path: String, dataSet: String) throws -> [String] {
        guard path.lowercased().hasSuffix(".json") else { return try PackedFile.lines(path) }
        switch try json(path) {
        case let list as [String]: return try whole(list, path)
        case let object as [String: [String]]: return try whole(list(of: dataSet, in: object, path), path)
        default: throw EvaluationError.damaged(path: path, reason: "it is no list of names, nor lists by data set")
        }
    }

    /// Templates, or a class's own sentences by class.
    public enum Templates: Sendable, Equatable {
        /// With `{}` for the name.
        case templates([PromptTemplate])
        /// Sentences of each class.
        case sentences([String: [String]])
    }

    /// Templates: with `{}` or `{c}` for the name.
    /// - Throws: ``EvaluationError``, `CLIPError.template` for one without a place for the name.
    public static func templates(_ path: String, dataSet: String, classNames: [String]) throws -> Templates {
        guard path.lowercased().hasSuffix(".json") else { return .templates(try made(PackedFile.lines(path), path)) }
        switch try json(path) {
        case let list as [String]: return .templates(try made(list, path))
        case let object as [String: [String]]:
            // By class where the classes are its keys; by data set else.
            if !classNames.isEmpty, classNames.allSatisfy({ object[$0] != nil }) { return .sentences(object) }
            return .templates(try made(list(of: dataSet, in: object, path), path))
        case let object as [String: [String: [String]]]:
            guard let own = object[key(of: dataSet, among: Array(object.keys)) ?? dataSet] else {
                throw unknown(dataSet, Array(object.keys), path)
            }
            return .sentences(own)
        default: throw EvaluationError.damaged(path: path, reason: "it is no list of templates, nor lists by data set")
        }
    }

    private static func json(_ path: String) throws -> Any {
        let data = Data(try PackedFile.bytes(path, limit: mostBytes))
        do { return try JSONSerialization.jsonObject(with: data) } catch {
            throw EvaluationError.damaged(path: path, reason: "it is no JSON")
        }
    }

    private static func whole(_ names: [String], _ path: String) throws -> [String] {
        guard !names.isEmpty, names.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw EvaluationError.prompts(name: path, problem: "there is no name, or an empty one")
        }
        return names
    }

    private static func made(_ texts: [String], _ path: String) throws -> [PromptTemplate] {
        guard !texts.isEmpty else { throw EvaluationError.prompts(name: path, problem: "it holds no template") }
        return try texts.map { try PromptTemplate($0.replacing("{c}", with: "{}")) }
    }

    private static func list(of dataSet: String, in lists: [String: [String]], _ path: String) throws -> [String] {
        if lists.count == 1, let only = lists.values.first { return only }
        guard let key = key(of: dataSet, among: Array(lists.keys)), let list = lists[key] else {
            throw unknown(dataSet, Array(lists.keys), path)
        }
        return list
    }

    private static func unknown(_ dataSet: String, _ keys: [String], _ path: String) -> EvaluationError {
        let examples = keys.sorted().prefix(8).joined(separator: ", ") + (keys.count > 8 ? ", …" : "")
        return EvaluationError.prompts(
            name: path, problem: "nothing there is for \"\(dataSet)\"; there are \(examples): name one of them")
    }

    /// `fashion-mnist`, `fashion_mnist` and `FashionMNIST` are one.
    private static func key(of dataSet: String, among keys: [String]) -> String? {
        func plain(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }
        return keys.contains(dataSet) ? dataSet : keys.first { plain($0) == plain(dataSet) }
    }
}

/// Classes whose names share a word, which the model may read alike (arXiv 2103.00020, section 3.1.4: polysemy).
public struct SharedWord: Sendable, Equatable, Codable {
    /// The word, in lower case.
    public let word: String
    /// The classes that have it in their names.
    public let classes: [String]
    /// Samples of these classes.
    public let count: Int
    /// How many of those are taken for another of these classes.
    public let confused: Int

    /// Words that tell nothing apart.
    private static let small: Set<String> = ["a", "an", "the", "of", "and", "or", "in", "on", "with", "for", "to"]

    /// All of them, the most confused first; classes of one and the same name too.
    /// - Parameter confusion: `[actual][predicted]`
    static func all(_ names: [String], confusion: [[Int]]) -> [SharedWord] {
        var places: [String: [Int]] = [:]
        for (place, name) in names.enumerated() {
            let words = Set(
                name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init).filter { !small.contains($0) }
            )
            for word in words { places[word, default: []].append(place) }
        }
        return places.filter { $0.value.count > 1 }.map { word, classes in
            let rows = classes.map { confusion[$0].reduce(0, +) }
            let confused = classes.reduce(0) { sum, actual in
                sum + classes.reduce(0) { $0 + ($1 == actual ? 0 : confusion[actual][$1]) }
            }
            return SharedWord(
                word: word, classes: classes.map { names[$0] }, count: rows.reduce(0, +), confused: confused)
        }.sorted { ($1.confused, $0.word) < ($0.confused, $1.word) }
    }
}
