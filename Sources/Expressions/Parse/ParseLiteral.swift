import Columns
import Contract

/// Literals that have a type of their own.
extension ExpressionParser {
  /// The number ahead: INT, BIGINT or DECIMAL by its size, or what its suffix says.
  mutating func number(isNegative: Bool) throws -> UnresolvedExpression {
    let source = peek.source
    let lower = source.lowercased()
    let sign = isNegative ? "-" : ""
    func digits(_ suffix: Int) -> String { sign + lower.dropLast(suffix) }
    func integer(_ name: String, _ range: ClosedRange<Int64>, _ type: DataType) throws
      -> UnresolvedExpression
    {
      guard let value = Int64(digits(1)), range.contains(value) else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(1)) is outside of the range of \(name), "
            + "\(range.lowerBound) to \(range.upperBound)", origin: origin)
      }
      advance()
      return try make(.literal(.integer(value), type))
    }
    if lower.hasSuffix("bd") { return try decimal(digits(2)) }
    switch lower.last {
    case "l": return try integer("bigint", Int64.min...Int64.max, .long)
    case "s": return try integer("smallint", -32768...32767, .short)
    case "y": return try integer("tinyint", -128...127, .byte)
    case "d", "f":
      let isDouble = lower.last == "d"
      guard let value = Double(digits(1)), value.isFinite, isDouble || Float(value).isFinite else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(1)) is outside of the range of \(isDouble ? "double" : "float")",
          origin: origin)
      }
      advance()
      return try make(
        .literal(.double(isDouble ? value : Double(Float(value))), isDouble ? .double : .float))
    default: break
    }
    if lower.contains("e") {
      guard let value = Double(digits(0)), value.isFinite else {
        throw Failure(
          "INVALID_NUMERIC_LITERAL_RANGE",
          "the number \(digits(0)) is outside of the range of double", origin: origin)
      }
      advance()
      return try make(.literal(.double(value), .double))
    }
    if !lower.contains("."), let value = Int64(digits(0)) {
      advance()
      return try make(.literal(.integer(value), Int32(exactly: value) == nil ? .long : .int))
    }
    return try decimal(digits(0))
  }

  /// `-12.50`, `1e3`: as many digits and places as written.
  private mutating func decimal(_ written: String) throws -> UnresolvedExpression {
    let parts = written.split(separator: "e", omittingEmptySubsequences: false)
    let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let fraction = number.count > 1 ? String(number[1]) : ""
    let exponent = parts.count > 1 ? Int(parts[1]) ?? Int.max : 0
    var digits = number[0].filter { $0 != "-" } + fraction
    digits = String(digits.drop { $0 == "0" })
    var scale = fraction.count
    guard abs(exponent) <= 76 else { throw tooManyDigits(written) }
    scale -= exponent
    if scale < 0 {
      digits += digits.isEmpty ? "" : String(repeating: "0", count: -scale)
      scale = 0
    }
    guard digits.count <= 38, scale <= 38, let value = Int128(digits.isEmpty ? "0" : digits) else {
      throw tooManyDigits(written)
    }
    advance()
    return try make(
      .literal(
        .decimal(written.hasPrefix("-") ? -value : value),
        .decimal(precision: max(digits.count, scale, 1), scale: scale)))
  }

  private func tooManyDigits(_ written: String) -> Failure {
    Failure(
      "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
      "the number \(written) has more than 38 digits", origin: origin)
  }

  /// `DATE '2024-01-31'`, `TIMESTAMP '…'`, `X'1F'`.
  mutating func typedLiteral(_ word: Token, _ text: String) throws -> UnresolvedExpression {
    let types: [String: DataType] = [
      "DATE": .date, "TIMESTAMP": .timestamp, "TIMESTAMP_LTZ": .timestamp,
      "TIMESTAMP_NTZ": .timestampNtz,
    ]
    func invalid() -> Failure {
      Failure(
        "INVALID_TYPED_LITERAL",
        "the value of the typed literal \"\(word.keyword)\" is invalid: '\(text)'",
        details: SyntaxFailure.pointer(Array(self.text.utf8), at: word.range.lowerBound),
        origin: origin)
    }
    if word.keyword == "X" {
      guard let bytes = Self.bytes(ofHex: text) else { throw invalid() }
      position += 2
      return try make(.literal(.bytes(bytes), .binary))
    }
    guard let type = types[word.keyword] else {
      throw Failure(
        "UNSUPPORTED_TYPED_LITERAL",
        "literals of the type \"\(word.keyword)\" are not supported",
        hint: "DATE, TIMESTAMP, TIMESTAMP_NTZ, TIMESTAMP_LTZ, INTERVAL and X are.",
        details: SyntaxFailure.pointer(Array(self.text.utf8), at: word.range.lowerBound),
        origin: origin)
    }
    if NamedMoment(.text(text), as: type) != nil
      || (type == .timestamp && TimestampReader.isTimeOnly(text))
    {
      position += 2
      return try make(.cast(make(.literal(.text(text), .string)), type, isTry: false))
    }
    let literal = Expression.literal(.text(text), .string)
    guard case .literal(let value) = fold(try literal.cast(to: type), timeZoneId: timeZoneId).kind,
      !value.isNull
    else { throw invalid() }
    position += 2
    return try make(.literal(value, type))
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let padded = Array((text.utf8.count.isMultiple(of: 2) ? text : "0" + text).utf8)
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: padded.count, by: 2) {
      let pair = String(decoding: padded[index..<(index + 2)], as: UTF8.self)
      guard padded[index] != UInt8(ascii: "+"), padded[index] != UInt8(ascii: "-"),
        let byte = UInt8(pair, radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
