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

    /// What a property's value is, which follows from its type.
    private enum Kind {
        case parameter, buffer, inlineModule, module, modules, optional, other

        init(_ value: Any) {
            // Asking whether a type conforms takes long where it does not, so numbers and choices are never asked.
            self =
                switch Mirror(reflecting: value).displayStyle {
                case .optional: .optional
                case .collection: value is [any Module] ? .modules : .other
                default: Swift.type(of: value) is AnyClass ? Kind(object: value) : .other
                }
        }

        private init(object: Any) {
            self =
                switch object {
                case is Parameter: .parameter
                case is Buffer: .buffer
                case is any InlineModule: .inlineModule
                case is any Module: .module
                default: .other
                }
        }
    }

    private struct Walk {
        var leaves: [(name: String, leaf: AnyObject)] = []
        var modules: [any Module] = []
        /// Asking for conformances takes longer than all else, and a model has a few dozen types in thousands of places.
        private var kinds: [ObjectIdentifier: Kind] = [:]

        mutating func visit(_ module: any Module, prefix: String) {
            modules.append(module)
            var mirror: Mirror? = Mirror(reflecting: module)
            var levels: [Mirror] = []
            while let level = mirror {
                levels.append(level)
                mirror = level.superclassMirror
            }
            for level in levels.reversed() {
                for child in level.children {
                    guard let label = child.label else { continue }
                    visit(value: child.value, label: label, prefix: prefix)
                }
            }
        }

        private mutating func visit(value: Any, label: String, prefix: String) {
            switch kind(of: value) {
            case .parameter, .buffer: leaves.append((prefix + snakeCased(label), value as AnyObject))
            case .inlineModule: if let module = value as? any Module { visit(module, prefix: prefix) }
            case .module:
                if let module = value as? any Module { visit(module, prefix: prefix + snakeCased(label) + ".") }
            case .modules:
                guard let modules = value as? [any Module] else { return }
                for (index, module) in modules.enumerated() {
                    visit(module, prefix: "\(prefix)\(snakeCased(label)).\(index).")
                }
            case .optional:
                guard let wrapped = Mirror(reflecting: value).children.first else { return }
                visit(value: wrapped.value, label: label, prefix: prefix)
            case .other: break
            }
        }

        private mutating func kind(of value: Any) -> Kind {
            let type = ObjectIdentifier(Swift.type(of: value))
            if let known = kinds[type] { return known }
            let kind = Kind(value)
            kinds[type] = kind
            return kind
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
