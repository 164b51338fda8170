extension DataType {
  /// Spark's `simpleString`, as `dtypes` and error texts show a type: `struct<a:int>`.
  public var simpleString: String {
    switch self {
    case .array(let element, _): "array<\(element.simpleString)>"
    case .map(let key, let value, _): "map<\(key.simpleString),\(value.simpleString)>"
    case .structure(let fields):
      "struct<" + fields.map { "\($0.name):\($0.type.simpleString)" }.joined(separator: ",") + ">"
    default: description.lowercased()
    }
  }

  /// The word that `printSchema` uses: `integer`, `long`, `struct`.
  public var typeName: String {
    switch self {
    case .byte: "byte"
    case .short: "short"
    case .int: "integer"
    case .long: "long"
    case .array: "array"
    case .map: "map"
    case .structure: "struct"
    default: simpleString
    }
  }

  fileprivate func appendTree(_ prefix: String, to text: inout String) {
    switch self {
    case .array(let element, let containsNull):
      text += "\(prefix)-- element: \(element.typeName) (containsNull = \(containsNull))\n"
      element.appendTree(prefix + "    |", to: &text)
    case .map(let key, let value, let valueContainsNull):
      text += "\(prefix)-- key: \(key.typeName)\n"
      key.appendTree(prefix + "    |", to: &text)
      text += "\(prefix)-- value: \(value.typeName) (valueContainsNull = \(valueContainsNull))\n"
      value.appendTree(prefix + "    |", to: &text)
    case .structure(let fields):
      for field in fields { field.appendTree(prefix, to: &text) }
    default: break
    }
  }
}

extension Field {
  fileprivate func appendTree(_ prefix: String, to text: inout String) {
    text += "\(prefix)-- \(name): \(type.typeName) (nullable = \(isNullable))\n"
    type.appendTree(prefix + "    |", to: &text)
  }
}

extension Schema {
  /// What `printSchema` prints, line ends included.
  public var treeString: String {
    var text = "root\n"
    for field in fields { field.appendTree(" |", to: &text) }
    return text
  }

  /// Spark's `simpleString`: `struct<a:int,b:string>`.
  public var simpleString: String { DataType.structure(fields).simpleString }
}
