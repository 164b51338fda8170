import Codecs
import Columns
import Contract

extension Scalar {
  /// A literal of this value in SQL: `'a'`, `5L`, `DATE '2024-01-31'`.
  public func sqlText(_ type: DataType, zone: TimeZone = TextZone.current) -> String {
    if isNull { return type == .null ? "NULL" : "CAST(NULL AS \(type))" }
    let plain = plainText(type, quoted: true, zone: zone)
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
    case .decimal: return plainText(type, quoted: false) + "BD"
    default: return plain
    }
  }

  /// The value as a cast to STRING writes it; with `quoted`, dates and the like as literals.
  func plainText(
    _ type: DataType, quoted: Bool, zone: TimeZone = TextZone.current
  ) -> String {
    switch (self, type) {
    case (.null, _): return "NULL"
    case (.boolean(let value), _): return String(value)
    case (.integer(let value), _) where type.isInteger: return String(value)
    case (.bytes, .string): return text ?? ""
    case (.decimal(let value), .decimal(_, let scale)) where quoted:
      var bytes: [UInt8] = []
      JavaDecimal.append(value, scale: scale, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
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
    var writer = ValueText(zone: zone)
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

/// The zone in which names and messages show instants: while a plan is analysed, the session's.
public enum TextZone {
  @TaskLocal private static var zone: TimeZone?

  public static var current: TimeZone { zone ?? .utc }

  /// Runs `body` with that zone.
  public static func with<R>(_ timeZoneId: String, _ body: () throws -> R) rethrows -> R {
    try $zone.withValue(TimeZone.find(timeZoneId)) { try body() }
  }
}
