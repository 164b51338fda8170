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
    if case (.bytes(let bytes), .binary) = (self, type), quoted {
      return "X'"
        + bytes.map { byte in
          let digits = String(byte, radix: 16, uppercase: true)
          return digits.count == 1 ? "0" + digits : digits
        }.joined() + "'"
    }
    var bytes: [UInt8] = []
    var writer = ValueText(zone: .utc)
    writer.append(.constant(self, type, count: 1), 0, to: &bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    switch type {
    case .date where quoted: return "DATE '\(text)'"
    case .timestamp where quoted: return "TIMESTAMP '\(text)'"
    case .timestampNtz where quoted: return "TIMESTAMP_NTZ '\(text)'"
    default: return text
    }
  }
}
