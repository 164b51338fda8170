import Columns
import Contract

extension Scalar {
  /// A literal of this value in SQL: `'a'`, `5L`, `DATE '2024-01-31'`.
  public func sqlText(_ type: DataType) -> String {
    if isNull { return type == .null ? "NULL" : "CAST(NULL AS \(type))" }
    let plain = plainText(type, quoted: true)
    switch type {
    case .string:
      let escaped = plain.split(separator: "\\", omittingEmptySubsequences: false)
        .joined(separator: "\\\\").split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "\\'")
      return "'\(escaped)'"
    case .byte: return plain + "Y"
    case .short: return plain + "S"
    case .long: return plain + "L"
    case .double: return plain + "D"
    case .float: return "CAST(\(plain) AS FLOAT)"
    case .decimal: return plain + "BD"
    default: return plain
    }
  }

  /// The value as a cast to STRING writes it; with `quoted`, dates and the like as literals.
  func plainText(_ type: DataType, quoted: Bool) -> String {
    switch (self, type) {
    case (.null, _): return "NULL"
    case (.boolean(let value), _): return String(value)
    case (.integer(let value), _) where type.isInteger: return String(value)
    case (.bytes, .string): return text ?? ""
    default: break
    }
    // Whatever is left is written by the cast itself, so that the two cannot differ.
    let literal = Expression.literal(self, type)
    guard let cast = try? literal.cast(to: .string), case .literal(let value) = fold(cast).kind,
      let text = value.text
    else { return "\(self)" }
    switch type {
    case .date where quoted: return "DATE '\(text)'"
    case .timestamp where quoted: return "TIMESTAMP '\(text)'"
    case .timestampNtz where quoted: return "TIMESTAMP_NTZ '\(text)'"
    default: return text
    }
  }
}
