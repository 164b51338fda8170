import Contract

/// Pattern text → items, with Spark's checks first and Java's rules then.
struct PatternCompiler {
  private var levels: [[DateTimePattern.Item]] = [[]]
  /// The number in the innermost level whose width neighbours may still share.
  private var active: Int?
  private let hasEra: Bool
  private let pattern: String
  private let purpose: DateTimePattern.Purpose

  static func compile(
    _ pattern: String, _ purpose: DateTimePattern.Purpose
  ) throws -> [DateTimePattern.Item] {
    let bytes = Array(pattern.utf8)
    try check(bytes, pattern, purpose)
    var compiler = PatternCompiler(
      hasEra: unquoted(bytes).contains(0x47), pattern: pattern, purpose: purpose)
    try compiler.run(bytes)
    return compiler.levels[0]
  }

  private init(hasEra: Bool, pattern: String, purpose: DateTimePattern.Purpose) {
    self.hasEra = hasEra
    self.pattern = pattern
    self.purpose = purpose
  }

  /// The bytes outside quotes; a quote stays, so that what it parts is no run of letters.
  private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
    var isQuoted = false
    return bytes.filter { byte in
      if byte == 0x27 { isQuoted.toggle() }
      return !isQuoted || byte == 0x27
    }
  }

  /// The refusals that are Spark's own.
  private static func check(
    _ bytes: [UInt8], _ pattern: String, _ purpose: DateTimePattern.Purpose
  ) throws {
    let letters = unquoted(bytes)
    let weekBased = Array("YWwuec".utf8)
    if let letter = letters.first(where: { weekBased.contains($0) }) {
      throw Failure(
        "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN",
        "all week-based patterns are unsupported since Spark 3.0, detected week-based character: "
          + String(UnicodeScalar(letter)),
        hint: "Use the SQL function EXTRACT instead")
    }
    var refused = Array("ABnNp".utf8)
    if purpose == .parsing { refused += Array("EFqQ".utf8) }
    if let letter = letters.first(where: { refused.contains($0) }) {
      throw Failure(
        "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER",
        "Unrecognized datetime pattern: \(pattern). Illegal pattern character found in datetime "
          + "pattern: \(UnicodeScalar(letter)). Please provide legal character.")
    }
    var run = 0
    for (index, letter) in letters.enumerated() {
      run = index > 0 && letters[index - 1] == letter ? run + 1 : 1
      if run == 5 && "GMLEQq".utf8.contains(letter) || run == 7 && letter == 0x79 {
        throw Failure(
          "INVALID_DATETIME_PATTERN.LENGTH",
          "Unrecognized datetime pattern: \(pattern). Too many letters in datetime pattern: "
            + String(repeating: Character(UnicodeScalar(letter)), count: run)
            + ". Please reduce pattern length.")
      }
    }
  }

  /// Whether Java's old `SimpleDateFormat` took the pattern: Spark then says that its meaning has
  /// changed rather than that it is wrong.
  static func isLegacyPattern(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    guard bytes.filter({ $0 == 0x27 }).count.isMultiple(of: 2) else { return false }
    let known = Array("GyMLdDEaHhKkmsSzZXFuYwW".utf8)
    let letters = unquoted(bytes).filter { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
    return letters.allSatisfy { known.contains($0) }
      && !pattern.contains("XXXX")
  }

  private func invalid() -> Failure {
    Failure(
      "INVALID_DATETIME_PATTERN.WITH_SUGGESTION",
      "Unrecognized datetime pattern: '\(pattern)'.",
      hint: "You can form a valid datetime pattern with the guide from "
        + "https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html")
  }

  private mutating func append(_ item: DateTimePattern.Item) {
    levels[levels.count - 1].append(item)
    active = nil
  }

  /// A number shares its width with fixed numbers that follow at once: `yyyyMMdd`.
  private mutating func append(_ number: DateTimePattern.Number) {
    let level = levels.count - 1
    guard let active, case .number(var base) = levels[level][active] else {
      append(.number(number))
      self.active = levels[level].count - 1
      return
    }
    var added = number
    if number.isFixed {
      base.reserved += number.maximum
      added.reserved = -1
    } else {
      base.reserved = -1
    }
    levels[level][active] = .number(base)
    levels[level].append(.number(added))
    self.active = number.isFixed ? active : levels[level].count - 1
  }

  private mutating func run(_ bytes: [UInt8]) throws {
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte | 0x20 >= 0x61, byte | 0x20 <= 0x7A {
        var count = 1
        while position + count < bytes.count, bytes[position + count] == byte { count += 1 }
        try letter(byte, count)
        position += count
        continue
      }
      position += 1
      switch byte {
      case 0x27: position = try quoted(bytes, position)
      case 0x5B:
        levels.append([])
        active = nil
      case 0x5D:
        guard levels.count > 1 else { throw invalid() }
        close()
      case 0x7B, 0x7D, 0x23: throw invalid()
      default: append(.literal([byte]))
      }
    }
    while levels.count > 1 { close() }
  }

  private mutating func close() {
    let inner = levels.removeLast()
    append(.optional(inner))
  }

  /// The literal after an opening quote; `''` is a quote. Returns where it ends.
  private mutating func quoted(_ bytes: [UInt8], _ start: Int) throws -> Int {
    var position = start
    var literal: [UInt8] = []
    while position < bytes.count {
      if bytes[position] == 0x27 {
        guard position + 1 < bytes.count, bytes[position + 1] == 0x27 else { break }
        position += 1
      }
      literal.append(bytes[position])
      position += 1
    }
    guard position < bytes.count else { throw invalid() }
    append(.literal(literal.isEmpty ? [0x27] : literal))
    return position + 1
  }

  private mutating func letter(_ letter: UInt8, _ count: Int) throws {
    switch UnicodeScalar(letter) {
    case "G": try text(.era, count, from: 1)
    case "y": year(count)
    case "M", "L": try numberOrText(.month, count)
    case "Q", "q": try numberOrText(.quarter, count)
    case "E": try text(.dayOfWeek, count, from: 1)
    case "a":
      guard count == 1 else { throw invalid() }
      append(.text(.amPm, full: false))
    case "D":
      guard count <= 3 else { throw invalid() }
      append(
        DateTimePattern.Number(
          field: .dayOfYear, minimum: count, maximum: count == 1 ? 19 : 3,
          sign: count == 1 ? .normal : .notNegative))
    case "F":
      guard count == 1 else { throw invalid() }
      number(.weekdayInMonth, 1)
    case "g":
      append(
        DateTimePattern.Number(
          field: .modifiedJulianDay, minimum: count, maximum: 19, sign: .normal))
    case "d": try short(.day, count)
    case "H": try short(.hour, count)
    case "k": try short(.clockHour, count)
    case "K": try short(.amPmHour, count)
    case "h": try short(.clockAmPmHour, count)
    case "m": try short(.minute, count)
    case "s": try short(.second, count)
    case "S":
      guard count <= 9 else { throw invalid() }
      fraction(count)
    default: try zone(letter, count)
    }
  }

  private mutating func zone(_ letter: UInt8, _ count: Int) throws {
    switch UnicodeScalar(letter) {
    case "V" where count == 2: append(.zoneID)
    case "z" where count <= 4: append(.zoneName(full: count == 4, generic: false))
    case "v" where count == 1 || count == 4: append(.zoneName(full: count == 4, generic: true))
    case "O" where count == 1 || count == 4: append(.localizedOffset(full: count == 4))
    case "X" where count <= 5: append(.offset(style(count, zero: "Z")))
    case "x" where count <= 5:
      let zero = count == 1 ? "+00" : count.isMultiple(of: 2) ? "+0000" : "+00:00"
      append(.offset(style(count, zero: zero)))
    case "Z" where count <= 3: append(.offset(style(2, zero: "+0000")))
    case "Z" where count == 4: append(.localizedOffset(full: true))
    case "Z" where count == 5: append(.offset(style(5, zero: "Z")))
    default: throw invalid()
    }
  }

  private func style(_ count: Int, zero: String) -> DateTimePattern.OffsetStyle {
    DateTimePattern.OffsetStyle(
      minutes: count == 1 ? .optional : .required, seconds: count >= 4 ? .optional : .none,
      hasColon: count == 3 || count == 5, zero: Array(zero.utf8))
  }

  private mutating func fraction(_ count: Int) {
    // For parsing Spark reads from one digit on; only then is the width not shared.
    let minimum = purpose == .parsing ? 1 : count
    let number = DateTimePattern.Number(
      field: .nano, minimum: minimum, maximum: count, sign: .notNegative, isFraction: true)
    if minimum == count { append(number) } else { append(.number(number)) }
  }

  private mutating func year(_ count: Int) {
    let field: DateTimePattern.Field = hasEra ? .yearOfEra : .year
    var number = DateTimePattern.Number(
      field: field, minimum: count, maximum: 19, sign: count < 4 ? .normal : .exceedsPad)
    if count == 2 {
      number.maximum = 2
      number.sign = .notNegative
      number.isReduced = true
    }
    append(number)
  }

  private mutating func number(_ field: DateTimePattern.Field, _ count: Int) {
    append(
      DateTimePattern.Number(
        field: field, minimum: count, maximum: count == 1 ? 19 : count,
        sign: count == 1 ? .normal : .notNegative))
  }

  private mutating func short(_ field: DateTimePattern.Field, _ count: Int) throws {
    guard count <= 2 else { throw invalid() }
    number(field, count)
  }

  private mutating func numberOrText(_ field: DateTimePattern.Field, _ count: Int) throws {
    if count <= 2 { number(field, count) } else { try text(field, count, from: 3) }
  }

  private mutating func text(
    _ field: DateTimePattern.Field, _ count: Int, from minimum: Int
  ) throws {
    guard count >= minimum, count <= 4 else { throw invalid() }
    append(.text(field, full: count == 4))
  }
}
