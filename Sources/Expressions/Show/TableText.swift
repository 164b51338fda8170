import Columns

/// Rows as a person reads them: what `show` and the console sink print, byte for byte as Spark
/// does.
public struct TableText: Sendable {
  /// UTF-16 units a cell may have; 0: all of them.
  public let truncate: Int
  public let isVertical: Bool
  public let timeZoneId: String

  public init(truncate: Int = 20, isVertical: Bool = false, timeZoneId: String = "UTC") {
    self.truncate = truncate
    self.isVertical = isVertical
    self.timeZoneId = timeZoneId
  }

  /// The first `rows` of a batch that may hold more. A blank line follows the table, unless it ends
  /// with how much of it is shown or has no row to show upright.
  public func text(_ batch: Batch, schema: Schema, rows: Int) -> String {
    let shown = min(batch.count, rows)
    let types = schema.fields.map(\.type)
    let names = schema.fields.map { Self.escaped($0.name) }
    let columns = types.indices.map { batch.column($0) }
    let cells = (0..<shown).map { row in
      types.indices.map { cell(columns[$0].scalar(row), types[$0]) }
    }
    if isVertical, cells.isEmpty, batch.count == 0 { return "(0 rows)\n" }
    let text = isVertical ? vertical(names, cells) : table(names, cells)
    if batch.count > rows {
      return text + "only showing top \(rows) row\(rows == 1 ? "" : "s")\n"
    }
    return text + "\n"
  }

  private func cell(_ value: Scalar, _ type: DataType) -> String {
    let text = Self.escaped(value.shownText(type, timeZoneId: timeZoneId))
    let length = text.utf16.count
    guard truncate > 0, length > truncate else { return text }
    let kept = truncate < 4 ? truncate : truncate - 3
    var units = Array(text.utf16.prefix(kept))
    // Half a character is printed as Java prints it.
    if let last = units.last, UTF16.isLeadSurrogate(last) { units[kept - 1] = 0x3F }
    let cut = String(decoding: units, as: UTF16.self)
    return truncate < 4 ? cut : cut + "..."
  }

  // MARK: Layouts

  private static let minimumWidth = 3

  private func table(_ names: [String], _ cells: [[String]]) -> String {
    var widths = names.map { max(Self.minimumWidth, Self.width($0)) }
    for row in cells {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], Self.width(cell)) }
    }
    let rule = "+" + widths.map { String(repeating: "-", count: $0) }.joined(separator: "+") + "+\n"
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { cell, width in
        let padding = String(repeating: " ", count: width - Self.width(cell))
        return truncate > 0 ? padding + cell : cell + padding
      }
      return "|" + padded.joined(separator: "|") + "|\n"
    }
    return rule + line(names) + rule + cells.map(line).joined() + rule
  }

  private func vertical(_ names: [String], _ cells: [[String]]) -> String {
    if cells.isEmpty { return "(0 rows)\n" }
    func padded(_ text: String, to width: Int, with filler: String = " ") -> String {
      text + String(repeating: filler, count: max(0, width - Self.width(text)))
    }
    let nameWidth = names.reduce(Self.minimumWidth) { max($0, Self.width($1)) }
    let cellWidth = cells.joined().reduce(Self.minimumWidth) { max($0, Self.width($1)) }
    var text = ""
    for (number, row) in cells.enumerated() {
      text += padded("-RECORD \(number)", to: nameWidth + cellWidth + 5, with: "-") + "\n"
      for (name, cell) in zip(names, row) {
        text += " \(padded(name, to: nameWidth)) | \(padded(cell, to: cellWidth)) \n"
      }
    }
    return text
  }

  // MARK: Characters

  /// Columns on a screen: East Asian characters are two wide.
  private static func width(_ text: String) -> Int {
    text.utf16.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
  }

  private static func isWide(_ unit: UInt16) -> Bool {
    guard unit >= 0x1100 else { return false }
    switch unit {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6:
      return true
    default: return false
    }
  }

  /// Control characters as their escapes, so that a row stays one line.
  private static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 32 }) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0C}": out += "\\f"
      case "\u{08}": out += "\\b"
      case "\u{0B}": out += "\\v"
      case "\u{07}": out += "\\a"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

extension Scalar {
  /// As `show` writes the value: as a cast to STRING does, but NULL in capitals at every depth, and
  /// BINARY as its bytes.
  public func shownText(_ type: DataType, timeZoneId: String) -> String {
    func shown(_ value: Scalar, _ type: DataType) -> String {
      value.shownText(type, timeZoneId: timeZoneId)
    }
    return switch (self, type) {
    case (.null, _): "NULL"
    case (.bytes(let bytes), .binary):
      "[" + bytes.map(Self.hexadecimal).joined(separator: " ") + "]"
    case (.array(let elements), .array(let element, _)):
      "[" + elements.map { shown($0, element) }.joined(separator: ", ") + "]"
    case (.map(let entries), .map(let key, let value, _)):
      "{"
        + entries.map { "\(shown($0.key, key)) -> \(shown($0.value, value))" }
        .joined(separator: ", ") + "}"
    case (.structure(let values), .structure(let fields)):
      "{" + zip(values, fields).map { shown($0, $1.type) }.joined(separator: ", ") + "}"
    case (.boolean(let value), _): String(value)
    case (.bytes, .string): text ?? ""
    case (.integer(let value), _) where type.isInteger: String(value)
    default: castText(type, timeZoneId: timeZoneId)
    }
  }

  /// Whatever is left is written by the cast itself, so that the two cannot differ.
  private func castText(_ type: DataType, timeZoneId: String) -> String {
    guard let cast = try? Expression.literal(self, type).cast(to: .string),
      case .literal(let value) = fold(cast, timeZoneId: timeZoneId).kind
    else { return "\(self)" }
    return value.text ?? "NULL"
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
  }
}
