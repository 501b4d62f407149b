/// Walks over a module's stored properties.
enum ModuleTree {
    /// Parameters and buffers with their dotted names, in the order of declaration.
    static func leaves(of module: any Module) -> [(name: String, leaf: AnyObject)] {
        var walk = Walk()
        walk.visit(module, prefix: "")
        return walk.leaves
    }

    /// The module itself and all below it, in the order of declaration.
    static func modules(of module: any Module) -> [any Module] {
        var walk = Walk()
        walk.visit(module, prefix: "")
        return walk.modules
    }

    private struct Walk {
        var leaves: [(name: String, leaf: AnyObject)] = []
        var modules: [any Module] = []

        mutating func visit(_ module: any Module, prefix: String) {
            modules.append(module)
            var mirror: Mirror? = Mirror(reflecting: module)
            var levels: [Mirror] = []
            while let level = mirror {
                levels.insert(level, at: 0)
                mirror = level.superclassMirror
            }
            for child in levels.flatMap(\.children) {
                guard let label = child.label else { continue }
                visit(value: child.value, label: ModuleTree.snakeCased(label), prefix: prefix)
            }
        }

        private mutating func visit(value: Any, label: String, prefix: String) {
            let name = prefix + label
            switch value {
            case let parameter as Parameter:
                leaves.append((name, parameter))
            case let buffer as Buffer:
                leaves.append((name, buffer))
            case let module as any InlineModule:
                visit(module, prefix: prefix)
            case let module as any Module:
                visit(module, prefix: name + ".")
            case let modules as [any Module]:
                for (index, module) in modules.enumerated() { visit(module, prefix: "\(name).\(index).") }
            default:
                let mirror = Mirror(reflecting: value)
                if mirror.displayStyle == .optional, let wrapped = mirror.children.first {
                    visit(value: wrapped.value, label: label, prefix: prefix)
                }
            }
        }
    }

    /// `classEmbedding` as `class_embedding`.
    private static func snakeCased(_ name: String) -> String {
        var result = ""
        for character in name {
            if character.isUppercase { result += "_" + character.lowercased() } else { result.append(character) }
        }
        return result
    }
}
