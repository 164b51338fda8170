import Contract

// What the stdlib hands over is made by the stdlib: another shape of it is our own bug.

extension LuaValue {
  /// A table that must be there.
  var node: LuaTable {
    guard let table else { preconditionFailure("the stdlib gave a \(typeName) for a table") }
    return table
  }

  /// The elements of a list; none for nil.
  var elements: [LuaValue] { table?.list ?? [] }

  /// A list of strings.
  var texts: [String] { elements.compactMap(\.string) }

  /// The bytes of a string.
  var stringBytes: [UInt8] {
    switch self {
    case .string(let text): Array(text.utf8)
    case .bytes(let bytes): bytes
    default: []
    }
  }
}

extension LuaTable {
  /// A string that must be there.
  func text(_ name: String) -> String {
    guard let text = self[name].text else {
      preconditionFailure("the stdlib gave a \(self[name].typeName) for the text `\(name)`")
    }
    return text
  }

  /// The script's line.
  var origin: Origin? { self["origin"].string.flatMap(Origin.init(text:)) }
}
