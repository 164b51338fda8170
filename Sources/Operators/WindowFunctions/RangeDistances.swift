import Columns
import Contract
import Expressions

/// A RANGE frame's bounds: where the rows within a distance of each row's key begin and end. The
/// keys of a partition are in order.
struct RangeDistances {
  private enum Keys {
    /// Numbers without a fraction, days, microseconds.
    case integers
    case doubles([Double])
    case decimals
  }

  private let key: Vector
  private let keys: Keys
  private let isAscending: Bool
  private let lower: Distance?
  private let upper: Distance?
  private let zone: TimeZone?

  /// How far a bound lies behind the current row in the order of rows.
  private enum Distance {
    case integer(Int64)
    case double(Double)
    case decimal(Int128)
    case months(Int64)
  }

  init(key: Vector, order: SortOrder, frame: WindowFrame, timeZoneId: String) throws {
    self.key = key
    isAscending = order.isAscending
    switch key.type {
    case .float, .double:
      keys = .doubles(
        (0..<key.count).map { row in
          if case .double(let value) = key.scalar(row) { value } else { 0 }
        })
    case .decimal: keys = .decimals
    default: keys = .integers
    }
    lower = Self.distance(frame.lower, key.type)
    upper = Self.distance(frame.upper, key.type)
    zone = key.type == .timestamp ? try TimeZone.named(timeZoneId) : nil
  }

  func isNull(_ row: Int) -> Bool { key.isNull(row) }

  private static func distance(_ bound: WindowFrame.Bound, _ key: DataType) -> Distance? {
    guard case .offset(let value, let type) = bound else { return nil }
    if case .yearMonthInterval = type, case .integer(let months) = value { return .months(months) }
    switch (key, value) {
    case (.date, .integer(let us)) where type.isInterval: return .integer(us / 86_400_000_000)
    case (.float, _), (.double, _):
      switch value {
      case .integer(let number): return .double(Double(number))
      case .double(let number): return .double(number)
      case .decimal(let number): return .double(Double(number) / power(scale(type)))
      default: return nil
      }
    case (.decimal, .integer(let number)):
      return .decimal(Int128(number) * wholePower(scale(key)))
    case (.decimal, .decimal(let number)):
      let shift = scale(key) - scale(type)
      return .decimal(shift >= 0 ? number * wholePower(shift) : number / wholePower(-shift))
    case (_, .integer(let number)): return .integer(number)
    case (_, .decimal(let number)): return .integer(Int64(number / wholePower(scale(type))))
    case (_, .double(let number)): return .integer(Int64(number))
    default: return nil
    }
  }

  private static func scale(_ type: DataType) -> Int {
    if case .decimal(_, let scale) = type { scale } else { 0 }
  }

  private func decimal(_ row: Int) -> Int128 {
    if case .decimal(let value) = key.scalar(row) { value } else { 0 }
  }

  private static func power(_ exponent: Int) -> Double { Double(wholePower(exponent)) }

  private static func wholePower(_ exponent: Int) -> Int128 {
    (0..<max(exponent, 0)).reduce(Int128(1)) { power, _ in power * 10 }
  }

  /// The first row within the lower bound's distance of a row, or the first beyond the upper's.
  func edge(_ row: Int, within rows: Swift.Range<Int>, isLower: Bool) throws -> Int {
    guard let distance = isLower ? lower : upper else { return row }
    switch (keys, distance) {
    case (.doubles(let values), .double(let distance)):
      let limit = values[row] + (isAscending ? distance : -distance)
      return search(rows, isLower: isLower) { Self.order(values[$0], limit) }
    case (.decimals, .decimal(let distance)):
      let limit = decimal(row) + (isAscending ? distance : -distance)
      return search(rows, isLower: isLower) {
        let value = decimal($0)
        return value < limit ? -1 : value > limit ? 1 : 0
      }
    default:
      guard let limit = limit(row, distance) else {
        // Beyond every value that there is.
        return isLower == (self.isFar(distance)) ? rows.upperBound : rows.lowerBound
      }
      return search(rows, isLower: isLower) {
        let value = key.integer($0)
        return value < limit ? -1 : value > limit ? 1 : 0
      }
    }
  }

  /// NaN is greater than any other number, and its own neighbour alone.
  private static func order(_ a: Double, _ b: Double) -> Int {
    if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? 0 : a.isNaN ? 1 : -1 }
    return a < b ? -1 : a > b ? 1 : 0
  }

  private func isFar(_ distance: Distance) -> Bool {
    switch distance {
    case .integer(let value), .months(let value): value > 0
    default: true
    }
  }

  /// The key at the bound; nil where it overflows.
  private func limit(_ row: Int, _ distance: Distance) -> Int64? {
    let value = key.integer(row)
    switch distance {
    case .integer(let count):
      let moved =
        isAscending
        ? value.addingReportingOverflow(count) : value.subtractingReportingOverflow(count)
      return moved.overflow ? nil : moved.partialValue
    case .months(let count):
      let months = Int(isAscending ? count : -count)
      switch key.type {
      case .date: return Int64(Calendar.addMonths(Int(value), months))
      default:
        let zone = self.zone ?? TimeZone.utc
        return zone.add(months: months, days: 0, microseconds: 0, to: value)
      }
    default: return nil
    }
  }

  /// `compare` says where a row's key lies to the limit, in the key's own order.
  private func search(
    _ rows: Swift.Range<Int>, isLower: Bool, _ compare: (Int) -> Int
  ) -> Int {
    var (low, high) = (rows.lowerBound, rows.upperBound)
    while low < high, key.isNull(low) { low += 1 }
    while low < high, key.isNull(high - 1) { high -= 1 }
    let sign = isAscending ? 1 : -1
    while low < high {
      let middle = (low + high) / 2
      let order = compare(middle) * sign
      if isLower ? order < 0 : order <= 0 { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
