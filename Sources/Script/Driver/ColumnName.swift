import Contract

/// A column's name as scripts write it: parts between dots, a part in back-quotes taken as it is.
enum ColumnName {
  /// The parts of ``a.`b.c` ``: `a` and `b.c`. A doubled back-quote inside quotes stands for one.
  static func parts(_ name: String, origin: Origin?) throws -> [String] {
    var parts: [String] = []
    var part = ""
    var isQuoted = false
    var wasQuoted = false
    var rest = name[...]
    func invalid() -> Failure {
      Failure(
        "INVALID_ATTRIBUTE_NAME_SYNTAX", "the column name `\(name)` cannot be read",
        hint: "A dot leads into a struct; a name with a dot in it stands in back-quotes.",
        origin: origin)
    }
    while let character = rest.popFirst() {
      if isQuoted {
        if character != "`" {
          part.append(character)
        } else if rest.first == "`" {
          part.append(rest.removeFirst())
        } else {
          isQuoted = false
          wasQuoted = true
        }
        continue
      }
      switch character {
      case "`":
        guard part.isEmpty, !wasQuoted else { throw invalid() }
        isQuoted = true
      case ".":
        guard !part.isEmpty || wasQuoted, !rest.isEmpty else { throw invalid() }
        parts.append(part)
        part = ""
        wasQuoted = false
      default:
        guard !wasQuoted else { throw invalid() }
        part.append(character)
      }
    }
    guard !isQuoted, !part.isEmpty || wasQuoted else { throw invalid() }
    return parts + [part]
  }
}
