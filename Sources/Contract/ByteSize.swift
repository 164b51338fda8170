/// An amount of memory as settings give it: `256 MiB`, `2g`, `1048576`, or a share such as `80%`.
public enum ByteSize: Hashable, Sendable, CustomStringConvertible {
  case bytes(Int64)
  /// Percent of what there is.
  case share(Int)

  /// Powers of 1024, named as Spark names them (`m`, `mb`) or in full (`MiB`); nil: no size.
  public init?(text: String) {
    let text = text.lowercased().filter { $0 != " " }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits) else { return nil }
    let unit = text.dropFirst(digits.count)
    if unit == "%" {
      guard (1...100).contains(count) else { return nil }
      self = .share(Int(count))
      return
    }
    guard let power = Self.units.firstIndex(where: { $0.contains(String(unit)) }) else {
      return nil
    }
    let (bytes, overflows) = count.multipliedReportingOverflow(by: 1 << (10 * Int64(power)))
    guard !overflows else { return nil }
    self = .bytes(bytes)
  }

  private static let units = [
    ["", "b"], ["k", "kb", "kib"], ["m", "mb", "mib"], ["g", "gb", "gib"], ["t", "tb", "tib"],
  ]

  /// In bytes, where `total` is what there is.
  public func bytes(of total: Int64) -> Int64 {
    switch self {
    case .bytes(let bytes): bytes
    case .share(let percent): total / 100 * Int64(percent)
    }
  }

  public var description: String {
    switch self {
    case .share(let percent): return "\(percent)%"
    case .bytes(let bytes):
      for (power, name) in [(4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")]
      where bytes > 0 && bytes % (1 << (10 * Int64(power))) == 0 {
        return "\(bytes >> (10 * Int64(power))) \(name)"
      }
      return "\(bytes)"
    }
  }

  /// For people: three digits of the largest unit that fits.
  public static func shown(_ bytes: Int) -> String {
    var value = Double(bytes)
    var names = ["bytes", "KiB", "MiB", "GiB", "TiB"][...]
    while value >= 1024, names.count > 1 {
      value /= 1024
      names.removeFirst()
    }
    let name = names[names.startIndex]
    if value >= 100 || name == "bytes" { return "\(Int(value)) \(name)" }
    let tenths = Int(value * 10)
    return "\(tenths / 10).\(tenths % 10) \(name)"
  }
}
