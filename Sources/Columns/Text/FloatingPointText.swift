/// Text ↔ DOUBLE and FLOAT, as Java reads and prints them and as Spark casts them.
public enum FloatingPointText {
  /// The double nearest to the text: Java's `Double.parseDouble`, and Spark's words `inf`,
  /// `infinity`, `nan` in any case. nil: malformed.
  @inlinable
  public static func readDouble(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    if let value = readCommon(bytes) { return value }
    return readAny(bytes)
  }

  /// The float nearest to the text.
  public static func readFloat(_ bytes: UnsafeBufferPointer<UInt8>) -> Float? {
    // Up to 2^24 and by powers of ten to 10^10 the quotient or product in float is exact.
    if let decimal = Decimal(bytes), decimal.digits <= 1 << 24, abs(decimal.exponent) <= 10 {
      let digits = Float(decimal.digits)
      let power = Float(powersOfTen[abs(decimal.exponent)])
      let value = decimal.exponent < 0 ? digits / power : digits * power
      return decimal.isNegative ? -value : value
    }
    if let word = word(bytes) { return Float(word) }
    return numberText(bytes).flatMap { Float($0) }
  }

  /// Clinger's fast path: digits below 2^53 and a power of ten that a double holds exactly.
  @inlinable
  static func readCommon(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    guard let decimal = Decimal(bytes), decimal.digits <= 1 << 53, decimal.exponent >= -22,
      decimal.exponent <= 22
    else { return nil }
    let digits = Double(decimal.digits)
    let value =
      decimal.exponent < 0
      ? digits / powersOfTen[0 &- decimal.exponent] : digits * powersOfTen[decimal.exponent]
    return decimal.isNegative ? -value : value
  }

  @usableFromInline
  static func readAny(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    if let word = word(bytes) { return word }
    return numberText(bytes).flatMap { Double($0) }
  }

  /// A plain decimal number of at most eighteen digits.
  @usableFromInline
  struct Decimal {
    @usableFromInline var digits: UInt64 = 0
    @usableFromInline var exponent = 0
    @usableFromInline var isNegative = false

    /// nil: anything longer or other, which the slow path judges.
    @inlinable
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
      var position = 0
      let end = bytes.count
      guard end > 0 else { return nil }
      if bytes[0] == 0x2D || bytes[0] == 0x2B {
        isNegative = bytes[0] == 0x2D
        position = 1
      }
      let start = position
      var point = -1
      while position < end {
        let byte = bytes[position]
        let digit = UInt64(byte &- 48)
        if digit <= 9 {
          digits = digits &* 10 &+ digit
        } else if byte == 0x2E, point < 0 {
          point = position
        } else {
          break
        }
        position &+= 1
      }
      let count = position &- start &- (point < 0 ? 0 : 1)
      guard count > 0, count <= 18 else { return nil }
      exponent = point < 0 ? 0 : point &+ 1 &- position
      if position == end { return }
      guard bytes[position] | 0x20 == 0x65 else { return nil }
      position &+= 1
      guard position < end else { return nil }
      let isBelow = bytes[position] == 0x2D
      if isBelow || bytes[position] == 0x2B { position &+= 1 }
      guard position < end, end &- position <= 4 else { return nil }
      var power = 0
      while position < end {
        let digit = Int(bytes[position]) &- 48
        guard digit >= 0, digit <= 9 else { return nil }
        power = power &* 10 &+ digit
        position &+= 1
      }
      exponent &+= isBelow ? 0 &- power : power
    }
  }

  @usableFromInline static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Java's trim before a number: everything up to the blank, and not the delete character.
  private static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var start = 0
    var end = bytes.count
    while start < end, bytes[start] <= 0x20 { start += 1 }
    while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  /// `[+-]inf`, `[+-]infinity`, `nan` in any case; `[+-]NaN` as Java spells it.
  private static func word(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    let text = trimmed(bytes)
    guard text.count >= 3, text.count <= 9 else { return nil }
    let isSigned = text[0] == 0x2D || text[0] == 0x2B
    let rest = UnsafeBufferPointer(rebasing: text[(isSigned ? 1 : 0)...])
    if isSigned, rest.elementsEqual("NaN".utf8) { return .nan }
    let lowered = rest.lazy.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    if lowered.elementsEqual("inf".utf8) || lowered.elementsEqual("infinity".utf8) {
      return text[0] == 0x2D ? -Double.infinity : .infinity
    }
    return !isSigned && lowered.elementsEqual("nan".utf8) ? .nan : nil
  }

  /// The number once Java's grammar holds, without Java's type suffix; nil where it does not.
  ///
  /// Swift's own reading of it is correctly rounded and deaf to the process's locale.
  private static func numberText(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    var text = trimmed(bytes)
    if let last = text.last, last | 0x20 == 0x64 || last | 0x20 == 0x66,
      !isHexadecimal(text) || text.contains(where: { $0 | 0x20 == 0x70 })
    {
      text = UnsafeBufferPointer(rebasing: text.dropLast())
    }
    return isNumber(text) ? String(decoding: text, as: UTF8.self) : nil
  }

  private static func isHexadecimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.prefix(3).contains { $0 | 0x20 == 0x78 }
  }

  /// Java's `FloatingPointLiteral` without suffix: decimal with an optional exponent, or
  /// hexadecimal with a binary exponent that must be there.
  private static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var position = 0
    func peek() -> UInt8 { position < text.count ? text[position] : 0 }
    if peek() == 0x2D || peek() == 0x2B { position += 1 }
    let isHex = peek() == 0x30 && position + 1 < text.count && text[position + 1] | 0x20 == 0x78
    if isHex { position += 2 }
    func skipDigits() -> Int {
      let start = position
      while position < text.count {
        let byte = text[position]
        let isDigit = byte >= 48 && byte <= 57
        guard isDigit || isHex && byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66 else { break }
        position += 1
      }
      return position - start
    }
    var digits = skipDigits()
    if peek() == 0x2E {
      position += 1
      digits += skipDigits()
    }
    guard digits > 0 else { return false }
    if peek() | 0x20 == (isHex ? 0x70 : 0x65) {
      position += 1
      if peek() == 0x2D || peek() == 0x2B { position += 1 }
      let start = position
      while peek() >= 48, peek() <= 57 { position += 1 }
      guard position > start else { return false }
    } else if isHex {
      return false
    }
    return position == text.count
  }

  /// Appends as Java's `Double.toString`: `1.0`, `1.0E10`, `NaN`, `-Infinity`.
  public static func append(_ value: Double, to bytes: inout [UInt8]) {
    if value == value.rounded(.towardZero), abs(value) < 1e7 {
      // Whole numbers of everyday size need no search for the shortest digits.
      if value == 0, value.sign == .minus { bytes.append(0x2D) }
      Digits.append(Int64(value), to: &bytes)
      bytes.append(0x2E)
      bytes.append(0x30)
      return
    }
    var text = value.description
    if value.isSubnormal {
      let steps = Double(value.magnitude.bitPattern)
      text = twoDigits(steps, stepDigits: 4.9406564584124654, exponent: -324, text) {
        Double($0)?.magnitude == value.magnitude
      }
    }
    appendShortest(text, isNegative: value.sign == .minus, to: &bytes)
  }

  /// Appends as Java's `Float.toString`.
  public static func append(_ value: Float, to bytes: inout [UInt8]) {
    var text = value.description
    if value.isSubnormal {
      let steps = Double(value.magnitude.bitPattern)
      text = twoDigits(steps, stepDigits: 1.401298464324817, exponent: -45, text) {
        Float($0)?.magnitude == value.magnitude
      }
    }
    appendShortest(text, isNegative: value.sign == .minus, to: &bytes)
  }

  /// Java prints at least two digits, and where one digit would do takes the two nearest to the
  /// value: 4.9E-324 where Swift says 5e-324. Only the coarse grid near zero shows it.
  private static func twoDigits(
    _ steps: Double, stepDigits: Double, exponent: Int, _ shortest: String,
    names: (String) -> Bool
  ) -> String {
    let digits = shortest.utf8.prefix { $0 != 0x65 }.filter { $0 >= 49 && $0 <= 57 }
    guard digits.count == 1 else { return shortest }
    var scaled = steps * stepDigits
    var power = exponent
    while scaled >= 100 {
      scaled /= 10
      power += 1
    }
    while scaled < 10 {
      scaled *= 10
      power -= 1
    }
    let candidate = "\(Int(scaled.rounded()))e\(power)"
    return names(candidate) ? candidate : shortest
  }

  /// Lays Swift's shortest digits out as Java does: plain from 1e-3 to below 1e7, otherwise one
  /// digit, a point, at least one digit and the exponent.
  private static func appendShortest(
    _ shortest: String, isNegative: Bool, to bytes: inout [UInt8]
  ) {
    var description = shortest
    if description.utf8.last == 0x6E {
      bytes.append(contentsOf: "NaN".utf8)
      return
    }
    if isNegative { bytes.append(0x2D) }
    if description.utf8.last == 0x66 {
      bytes.append(contentsOf: "Infinity".utf8)
      return
    }
    description.withUTF8 { text in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count + 1) { digits in
        let (count, exponent) = significantDigits(of: text, into: digits)
        layOut(UnsafeBufferPointer(rebasing: digits[0..<count]), exponent: exponent, to: &bytes)
      }
    }
  }

  /// The digits without zeros at the ends, and the power of ten of the first of them.
  private static func significantDigits(
    of text: UnsafeBufferPointer<UInt8>, into digits: UnsafeMutableBufferPointer<UInt8>
  ) -> (count: Int, exponent: Int) {
    var count = 0
    var exponent = -1
    var hasPoint = false
    var power = 0
    var position = 0
    while position < text.count {
      let byte = text[position]
      position += 1
      if byte == 0x2E {
        hasPoint = true
      } else if byte == 0x65 {
        let isNegative = text[position] == 0x2D
        for digit in text[(position + 1)...] { power = power * 10 + Int(digit) - 48 }
        if isNegative { power = -power }
        break
      } else if byte >= 48, byte <= 57 {
        if count > 0 || byte != 48 {
          digits[count] = byte
          count += 1
          if !hasPoint { exponent += 1 }
        } else if hasPoint {
          exponent -= 1
        }
      }
    }
    while count > 1, digits[count - 1] == 48 { count -= 1 }
    if count == 0 {
      digits[0] = 48
      return (1, 0)
    }
    return (count, exponent + power)
  }

  private static func layOut(
    _ digits: UnsafeBufferPointer<UInt8>, exponent: Int, to bytes: inout [UInt8]
  ) {
    let count = digits.count
    if exponent < -3 || exponent >= 7 {
      bytes.append(digits[0])
      bytes.append(0x2E)
      if count == 1 { bytes.append(48) }
      bytes.append(contentsOf: digits[1...])
      bytes.append(0x45)
      Digits.append(Int64(exponent), to: &bytes)
    } else if exponent < 0 {
      bytes.append(48)
      bytes.append(0x2E)
      for _ in 1..<(-exponent) { bytes.append(48) }
      bytes.append(contentsOf: digits)
    } else if count <= exponent + 1 {
      bytes.append(contentsOf: digits)
      for _ in 0..<(exponent + 1 - count) { bytes.append(48) }
      bytes.append(0x2E)
      bytes.append(48)
    } else {
      bytes.append(contentsOf: digits[...exponent])
      bytes.append(0x2E)
      bytes.append(contentsOf: digits[(exponent + 1)...])
    }
  }
}
