import Columns

/// A number as its decimal digits, of any length: for formats that show digits.
struct PlainNumber {
  var isNegative: Bool
  /// Without leading zeros, except one before the point. Values 0…9.
  private(set) var digits: [UInt8]
  /// How many of the digits lie behind the point.
  private(set) var scale: Int

  init(_ value: Int128, scale: Int = 0) {
    isNegative = value < 0
    digits = "\(value.magnitude)".utf8.map { $0 - 48 }
    self.scale = scale
    padFront()
  }

  /// The shortest digits that stand for a finite DOUBLE.
  init(_ value: Double) { self.init(text: "\(value)") }

  /// Digits as C and Swift write a finite number: `-12.5e-7`.
  init(text: String) {
    isNegative = false
    digits = []
    var (scale, afterPoint) = (0, false)
    let bytes = Array(text.utf8)
    for (at, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): afterPoint = true
      case UInt8(ascii: "e"):
        scale -= Int(String(decoding: bytes[(at + 1)...], as: UTF8.self)) ?? 0
      case 48...57:
        if bytes[..<at].contains(UInt8(ascii: "e")) { break }
        digits.append(byte - 48)
        if afterPoint { scale += 1 }
      default: break
      }
    }
    self.scale = scale
    if scale < 0 {
      digits += [UInt8](repeating: 0, count: -scale)
      self.scale = 0
    }
    while digits.count > self.scale + 1, digits[0] == 0 { digits.removeFirst() }
    padFront()
  }

  private mutating func padFront() {
    if digits.count <= scale {
      digits.insert(contentsOf: [UInt8](repeating: 0, count: scale + 1 - digits.count), at: 0)
    }
  }

  /// Multiplies by a power of ten.
  mutating func shift(_ power: Int) {
    digits += [UInt8](repeating: 0, count: max(power - scale, 0))
    scale = max(scale - power, 0)
  }

  var isZero: Bool { digits.allSatisfy { $0 == 0 } }

  /// The digits before and behind the point, as ASCII.
  var whole: [UInt8] { digits[..<(digits.count - scale)].map { $0 + 48 } }
  var fraction: [UInt8] { digits[(digits.count - scale)...].map { $0 + 48 } }

  /// Brings the number to so many digits behind the point.
  mutating func round(to newScale: Int, _ mode: RoundingMode) {
    if newScale >= scale {
      digits += [UInt8](repeating: 0, count: newScale - scale)
      scale = newScale
      return
    }
    let keep = digits.count - (scale - newScale)
    let dropped = digits[max(keep, 0)...]
    let first = keep < 0 ? 0 : dropped.first ?? 0
    let isTie = keep >= 0 && first == 5 && dropped.dropFirst().allSatisfy { $0 == 0 }
    var kept = keep > 0 ? Array(digits[..<keep]) : []
    let goesUp: Bool
    switch mode {
    case .halfUp: goesUp = first >= 5
    case .halfEven: goesUp = isTie ? (kept.last ?? 0) & 1 == 1 : first >= 5
    case .up: goesUp = !isNegative && dropped.contains { $0 != 0 }
    case .down: goesUp = isNegative && dropped.contains { $0 != 0 }
    }
    if goesUp {
      var at = kept.count - 1
      while at >= 0, kept[at] == 9 {
        kept[at] = 0
        at -= 1
      }
      if at >= 0 { kept[at] += 1 } else { kept.insert(1, at: 0) }
    }
    digits = kept
    scale = newScale
    padFront()
  }

  /// The digits as `d.ddd` with a power of ten: the first digit not 0, and the exponent.
  mutating func normalize(digitsBehindPoint: Int) -> Int {
    guard let first = digits.firstIndex(where: { $0 != 0 }) else {
      digits = [UInt8](repeating: 0, count: digitsBehindPoint + 1)
      scale = digitsBehindPoint
      return 0
    }
    var exponent = digits.count - scale - 1 - first
    digits.removeFirst(first)
    scale = digits.count - 1
    round(to: digitsBehindPoint, .halfUp)
    if digits.count > digitsBehindPoint + 1 {
      exponent += 1
      digits.removeLast()
    }
    return exponent
  }

  /// Appends the digits before the point, in groups of `size` (0: none) parted by commas.
  func appendWhole(to out: inout [UInt8], grouping size: Int, minimum: Int = 1) {
    var whole = whole
    if minimum == 0, whole == [48] { whole = [] }
    while whole.count < minimum { whole.insert(48, at: 0) }
    for (index, digit) in whole.enumerated() {
      if size > 0, index > 0, (whole.count - index) % size == 0 { out.append(UInt8(ascii: ",")) }
      out.append(digit)
    }
  }
}
