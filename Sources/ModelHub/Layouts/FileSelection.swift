/// Which files of a repository are wanted.
public struct FileSelection: Sendable {
    /// Chooses among the names of all files.
    let choose: @Sendable ([String]) -> [String]
    /// What is wanted of the weights.
    let weights: Weights

    enum Weights {
        /// They are part of the choice, with all that an index of them lists.
        case fetched
        /// They must be in the repository, and stay there.
        case present
        /// Whatever the choice says.
        case asChosen
    }

    /// What a model needs: its configuration, its tokenizer, and its weights in the layout that is read of it
    /// (`ModelFiles`); never two layouts.
    public static let model = FileSelection(
        choose: { names in chosenCompanions(names) + [chosenWeights(names)].compactMap(\.self) }, weights: .fetched)

    /// Configuration and tokenizer alone.
    public static let configuration = FileSelection(choose: chosenCompanions, weights: .asChosen)

    /// The same of a repository that has weights too: what to look at before they are fetched.
    static let description = FileSelection(choose: chosenCompanions, weights: .present)

    /// All files of the repository.
    public static let everything = FileSelection(choose: { $0 }, weights: .asChosen)

    /// The files for whose names `isWanted` holds.
    public static func matching(_ isWanted: @escaping @Sendable (String) -> Bool) -> FileSelection {
        FileSelection(choose: { $0.filter(isWanted) }, weights: .asChosen)
    }

    @Sendable private static func chosenCompanions(_ names: [String]) -> [String] {
        let present = Set(names)
        let folder = ModelFiles.folder(among: names)
        let inFolder = folder.isEmpty ? [] : ModelFiles.companions.map { folder + $0 }
        return (ModelFiles.companions + inFolder).filter(present.contains)
    }

    /// The weights that are read of a repository with such files; nil where there are none.
    static func chosenWeights(_ names: [String]) -> String? {
        let present = Set(names)
        let folder = ModelFiles.folder(among: names)
        return ModelFiles.weights { present.contains(folder + $0) }.map { folder + $0 }
    }
}
