import Columns
import Contract

/// AVG over numbers: the sum of the values as DOUBLE, divided by how many there are.
final class DoubleAverageAccumulator: Accumulator {
  private var sums = GroupArray<Double>(empty: 0)
  private var counts = GroupArray<Int64>(empty: 0)

  func grow(to groupCount: Int) {
    sums.grow(to: groupCount)
    counts.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let vector = arguments[0].asDoubles()
    let (sums, counts) = (sums.pointer, counts.pointer)
    let (source, stride) = (vector.typed(Double.self), vector.stride)
    vector.forEachValid(count) { row in
      let group = Int(groups[row])
      sums[group] += source[row &* stride]
      counts[group] &+= 1
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let (sums, counts) = (sums.pointer, counts.pointer)
    let (partial, stride) = (states[0].typed(Double.self), states[0].stride)
    let (rows, rowStride) = (states[1].typed(Int64.self), states[1].stride)
    for row in 0..<count {
      let group = Int(groups[row])
      sums[group] += partial[row &* stride]
      counts[group] &+= rows[row &* rowStride]
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    [sums.vector(.double, groups), counts.vector(.long, groups)]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    let out = Buffer(capacity: groups.count * 8)
    let target = out.typed(Double.self)
    for index in 0..<groups.count {
      let group = Int(groups.rows[index])
      target[index] = sums.pointer[group] / Double(counts.pointer[group])
    }
    return Vector(
      .double, count: groups.count, validity: counts.bits(groups) { $0 != 0 }, values: out)
  }

  func reset(_ groups: Selection) {
    sums.reset(groups)
    counts.reset(groups)
  }

  var memoryBytes: Int { sums.memoryBytes + counts.memoryBytes }
}

/// AVG over DECIMAL and intervals: an exact sum, divided with rounding half up.
final class ExactAverageAccumulator: Accumulator {
  private var sums = GroupArray<Int128>(empty: 0)
  private var counts = GroupArray<Int64>(empty: 0)
  private let type: DataType
  private let shift: Int
  private let sumLimit: Int128
  private let resultPrecision: Int
  private let isTry: Bool

  /// `shift`: digits that the result has behind the point beyond those of the sum.
  init(_ type: DataType, shift: Int, sumBelow limit: Int128, isTry: Bool) {
    self.type = type
    self.shift = shift
    self.isTry = isTry
    sumLimit = limit
    if case .decimal(let precision, _) = type {
      resultPrecision = precision
    } else {
      resultPrecision = 19
    }
  }

  func grow(to groupCount: Int) {
    sums.grow(to: groupCount)
    counts.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    let (sums, counts) = (sums.pointer, counts.pointer)
    let vector = arguments[0]
    if vector.type.isDecimal {
      let (source, stride) = (vector.typed(Int128.self), vector.stride)
      try vector.forEachValid(count) { row in
        try add(source[row &* stride], Int(groups[row]), sums, counts, row)
      }
    } else {
      let wide = vector.widened()
      let (source, stride) = (wide.typed(Int64.self), wide.stride)
      try vector.forEachValid(count) { row in
        try add(Int128(source[row &* stride]), Int(groups[row]), sums, counts, row)
      }
    }
  }

  @inline(__always)
  private func add(
    _ value: Int128, _ group: Int, _ sums: UnsafeMutablePointer<Int128>,
    _ counts: UnsafeMutablePointer<Int64>, _ row: Int
  ) throws {
    let (sum, overflow) = sums[group].addingReportingOverflow(value)
    if overflow || sum >= sumLimit || sum <= -sumLimit { return try overflowed(group, row) }
    sums[group] = sum
    counts[group] &+= 1
  }

  /// A group whose count is negative has overflowed for good.
  private func overflowed(_ group: Int, _ row: Int) throws {
    if !isTry {
      throw RowFailure(
        row: row,
        type.isInterval
          ? intervalOverflow(.add)
          : Failure(
            "ARITHMETIC_OVERFLOW", "overflow in the sum of an average",
            hint: "Use `try_avg` to tolerate overflow and return NULL instead."))
    }
    counts.pointer[group] = .min
  }

  private var resultOutOfRange: Failure {
    guard case .decimal(let precision, let scale) = type else {
      return Failure("ARITHMETIC_OVERFLOW", "overflow in an average")
    }
    return decimalOutOfRange(
      "of an average", precision: precision, scale: scale,
      hint: "Use `try_avg` to tolerate overflow and return NULL instead.")
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    let (sums, counts) = (sums.pointer, counts.pointer)
    let rows = states[1].flat.typed(Int64.self)
    let decimals = states[0].flat.typed(Int128.self)
    for row in 0..<count where rows[row] != 0 {
      let group = Int(groups[row])
      if rows[row] < 0 {
        try overflowed(group, row)
      } else {
        try add(decimals[row], group, sums, counts, row)
        counts[group] &+= rows[row] &- 1
      }
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    [
      sums.vector(.decimal(precision: 38, scale: 0), groups), counts.vector(.long, groups),
    ]
  }

  func results(_ groups: Selection, context: EvaluationContext) throws -> Vector {
    let builder = VectorBuilder(type, capacity: groups.count)
    for index in 0..<groups.count {
      let group = Int(groups.rows[index])
      let count = counts.pointer[group]
      if count <= 0 {
        builder.appendNull()
        continue
      }
      let quotient = Self.divide(sums.pointer[group], by: count, shift: shift)
      guard let quotient, Decimals.checked(quotient, resultPrecision) != nil else {
        if !isTry { throw RowFailure(row: index, resultOutOfRange) }
        builder.appendNull()
        continue
      }
      if type.isDecimal {
        builder.append(decimal: quotient)
      } else {
        builder.append(integer: Int64(truncatingIfNeeded: quotient))
      }
    }
    return builder.finish()
  }

  /// `numerator / denominator` with `shift` more digits behind the point, rounded half up; nil when
  /// it has more than 38 digits.
  private static func divide(_ numerator: Int128, by denominator: Int64, shift: Int) -> Int128? {
    let (divisor, unit) = (Int128(denominator), Decimals.powersOfTen[shift])
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: divisor)
    let (wide, overflow) = quotient.multipliedReportingOverflow(by: unit)
    if overflow { return nil }
    let (more, rest) = (remainder * unit).quotientAndRemainder(dividingBy: divisor)
    var result = wide + more
    if rest.magnitude * 2 >= divisor.magnitude { result += numerator < 0 ? -1 : 1 }
    return Decimals.checked(result, 38)
  }

  func reset(_ groups: Selection) {
    sums.reset(groups)
    counts.reset(groups)
  }

  var memoryBytes: Int { sums.memoryBytes + counts.memoryBytes }
}

enum Average {
  /// AVG or TRY_AVG over a numeric or interval type; nil where there is none.
  static func function(_ name: String, _ input: DataType, isTry: Bool = false) -> TypedAggregate? {
    switch input {
    case .byte, .short, .int, .long, .float, .double, .null:
      return TypedAggregate(name, .double, states: [.double, .long]) { DoubleAverageAccumulator() }
    case .decimal(let precision, let scale):
      let type = DataType.boundedDecimal(precision + 4, scale + 4)
      guard case .decimal(_, let resultScale) = type else { return nil }
      let sumPrecision = min(precision + 10, 38)
      return TypedAggregate(name, type, states: [.decimal(precision: 38, scale: 0), .long]) {
        ExactAverageAccumulator(
          type, shift: resultScale - scale, sumBelow: Decimals.powersOfTen[sumPrecision],
          isTry: isTry)
      }
    case .dayTimeInterval, .yearMonthInterval:
      let type = input.isYearMonth ? DataType.yearToMonth : .dayToSecond
      return TypedAggregate(name, type, states: [.decimal(precision: 38, scale: 0), .long]) {
        let limit = Int128(type.isYearMonth ? Int64(Int32.max) : Int64.max) + 1
        return ExactAverageAccumulator(type, shift: 0, sumBelow: limit, isTry: isTry)
      }
    default: return nil
    }
  }
}

extension DataType {
  /// A decimal type whose precision and scale are cut to 38 where they are more.
  static func boundedDecimal(_ precision: Int, _ scale: Int) -> DataType {
    .decimal(precision: min(precision, 38), scale: min(scale, 38))
  }

  var isYearMonth: Bool {
    if case .yearMonthInterval = self { true } else { false }
  }
}
