import Columns

/// What inference makes of the types that one field had in several records.
public enum InferredType {
  /// The narrowest type that takes both, by the rules of JSON's inference; STRING takes all.
  static func merged(_ a: DataType, _ b: DataType) -> DataType {
    if let common = common(a, b) { return common }
    switch (a, b) {
    case (.structure(let left), .structure(let right)): return .structure(merged(left, right))
    case (.array(let left, _), .array(let right, _)):
      return .array(merged(left, right), containsNull: true)
    default: return .string
    }
  }

  /// The common type of two that are not nested, nil where only a string takes both.
  static func common(_ a: DataType, _ b: DataType) -> DataType? {
    if a == b { return a }
    switch (a, b) {
    case (.null, let other), (let other, .null): return other
    case (.int, .long), (.long, .int): return .long
    case (.double, let other) where other.isNumeric, (let other, .double) where other.isNumeric:
      return .double
    case (.decimal(let p, let s), .decimal(let q, let t)): return decimal(p, s, q, t)
    case (.decimal(let p, let s), let other) where other.isInteger,
      (let other, .decimal(let p, let s)) where other.isInteger:
      let digits = other == .long ? 20 : 10
      return decimal(p, s, digits, 0)
    case (.timestamp, .timestampNtz), (.timestampNtz, .timestamp): return .timestamp
    default: return nil
    }
  }

  private static func decimal(_ p: Int, _ s: Int, _ q: Int, _ t: Int) -> DataType {
    let scale = max(s, t)
    let range = max(p - s, q - t)
    return range + scale > 38 ? .double : .decimal(precision: range + scale, scale: scale)
  }

  /// Both lists are sorted by name, and so is the result.
  private static func merged(_ left: [Field], _ right: [Field]) -> [Field] {
    var fields: [Field] = []
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      if left[i].name == right[j].name {
        fields.append(Field(left[i].name, merged(left[i].type, right[j].type)))
        i += 1
        j += 1
      } else if precedes(left[i].name, right[j].name) {
        fields.append(left[i])
        i += 1
      } else {
        fields.append(right[j])
        j += 1
      }
    }
    return fields + left[i...] + right[j...]
  }

  /// Java's order of strings: by UTF-16.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf16.lexicographicallyPrecedes(b.utf16)
  }

  /// The first digits and the digits behind the point of a decimal text; nil for anything else.
  public static func digits(_ text: UnsafeBufferPointer<UInt8>) -> (precision: Int, scale: Int)? {
    var digits: [UInt8] = []
    var scale = 0
    var exponent = 0
    var at = 0
    var sawPoint = false
    if at < text.count, text[at] == 0x2D || text[at] == 0x2B { at += 1 }
    let start = at
    while at < text.count, text[at] &- 0x30 <= 9 || (text[at] == 0x2E && !sawPoint) {
      if text[at] == 0x2E {
        sawPoint = true
      } else {
        digits.append(text[at])
        if sawPoint { scale += 1 }
      }
      at += 1
    }
    guard !digits.isEmpty, at > start else { return nil }
    if at < text.count, text[at] | 0x20 == 0x65 {
      let rest = UnsafeBufferPointer(rebasing: text[(at + 1)...])
      guard rest.count > 0, rest[rest.count - 1] &- 0x30 <= 9,
        let value = IntegerText.readInt32(rest)
      else {
        return nil
      }
      exponent = Int(value)
      at = text.count
    }
    guard at == text.count else { return nil }
    let significant = digits.drop { $0 == 0x30 }.count
    return (max(significant, 1), scale - exponent)
  }
}

/// Looks at a share of the records: the same ones every time.
struct RecordSample {
  private let ratio: Double
  private var index: UInt64 = 0

  init(ratio: Double) { self.ratio = ratio }

  mutating func takesNext() -> Bool {
    index &+= 1
    if ratio >= 1 { return true }
    // The golden ratio's multiples spread evenly over the words.
    let spread = Double((index &* 0x9E37_79B9_7F4A_7C15) >> 11) / Double(1 << 53)
    return spread < ratio
  }
}
