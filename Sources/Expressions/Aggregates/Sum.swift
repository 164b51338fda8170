import Columns
import Contract

/// What a group of a sum holds so far.
enum SumStatus {
  static let empty: UInt8 = 0
  static let some: UInt8 = 1
  /// Only `try_sum` goes on after an overflow; its result is NULL.
  static let overflowed: UInt8 = 2
}

/// Sums of integers and intervals in 64 bits, of DECIMAL in 128: exact.
final class ExactSumAccumulator<Element: FixedWidthInteger & BitwiseCopyable>: Accumulator {
  private var sums = GroupArray<Element>(empty: 0)
  private var status = GroupArray<UInt8>(empty: SumStatus.empty)
  private let type: DataType
  private let range: ClosedRange<Element>
  private let isTry: Bool

  /// `range`: what the type of the sum holds.
  init(_ type: DataType, in range: ClosedRange<Element>, isTry: Bool) {
    self.type = type
    self.range = range
    self.isTry = isTry
  }

  func grow(to groupCount: Int) {
    sums.grow(to: groupCount)
    status.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    try add(arguments[0], groups: groups, count: count)
  }

  private func add(_ argument: Vector, groups: UnsafePointer<UInt32>, count: Int) throws {
    let vector = type.isDecimal ? argument : argument.widened()
    let (sums, status, range) = (sums.pointer, status.pointer, range)
    let (source, stride) = (vector.typed(Element.self), vector.stride)
    try vector.forEachValid(count) { row in
      let group = Int(groups[row])
      let (sum, overflow) = sums[group].addingReportingOverflow(source[row &* stride])
      if overflow || sum > range.upperBound || sum < range.lowerBound {
        status[group] |= SumStatus.overflowed
        if isTry { return }
        throw RowFailure(row: row, overflowInSum)
      }
      sums[group] = sum
      status[group] |= SumStatus.some
    }
  }

  private var overflowInSum: Failure {
    Failure(
      type.isInterval ? "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION" : "ARITHMETIC_OVERFLOW",
      type.isDecimal ? "overflow in sum of decimals" : "long overflow",
      hint: "Use `try_sum` to tolerate overflow and return NULL instead.")
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    try add(states[0], groups: groups, count: count)
    guard isTry else { return }
    for row in 0..<count where states[1].boolean(row) {
      status.pointer[Int(groups[row])] |= SumStatus.overflowed
    }
  }

  private func vector(_ groups: Selection, where isSum: (UInt8) -> Bool) -> Vector {
    let validity = status.bits(groups, where: isSum)
    if type.isDecimal { return sums.vector(type, groups, validity: validity) }
    return sums.vector(.long, groups, validity: validity).narrowed(to: type)
  }

  func states(_ groups: Selection) -> [Vector] {
    let sum = vector(groups) { $0 & SumStatus.some != 0 }
    if !isTry { return [sum] }
    let lost = status.bits(groups) { $0 & SumStatus.overflowed != 0 }
    return [sum, Vector(.boolean, count: groups.count, values: lost)]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    vector(groups) { $0 == SumStatus.some }
  }

  func reset(_ groups: Selection) {
    sums.reset(groups)
    status.reset(groups)
  }

  var memoryBytes: Int { sums.memoryBytes + status.memoryBytes }
}

/// Sums of FLOAT and DOUBLE, in order of arrival.
final class DoubleSumAccumulator: Accumulator {
  private var sums = GroupArray<Double>(empty: 0)
  private var status = GroupArray<UInt8>(empty: SumStatus.empty)

  func grow(to groupCount: Int) {
    sums.grow(to: groupCount)
    status.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    add(arguments[0].asDoubles(), groups: groups, count: count)
  }

  private func add(_ vector: Vector, groups: UnsafePointer<UInt32>, count: Int) {
    let (sums, status) = (sums.pointer, status.pointer)
    let (source, stride) = (vector.typed(Double.self), vector.stride)
    vector.forEachValid(count) { row in
      let group = Int(groups[row])
      sums[group] += source[row &* stride]
      status[group] = SumStatus.some
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    add(states[0], groups: groups, count: count)
  }

  func states(_ groups: Selection) -> [Vector] {
    [sums.vector(.double, groups, validity: status.bits(groups) { $0 != SumStatus.empty })]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector { states(groups)[0] }

  func reset(_ groups: Selection) {
    sums.reset(groups)
    status.reset(groups)
  }

  var memoryBytes: Int { sums.memoryBytes + status.memoryBytes }
}

enum Sum {
  /// The type of a sum over a type, nil where there is none.
  static func resultType(_ input: DataType) -> DataType? {
    switch input {
    case .byte, .short, .int, .long: .long
    case .float, .double, .null: .double
    case .decimal(let precision, let scale):
      .decimal(precision: min(precision + 10, 38), scale: scale)
    case .dayTimeInterval, .yearMonthInterval: input
    default: nil
    }
  }

  /// SUM or TRY_SUM over a numeric or interval type.
  static func function(_ name: String, _ input: DataType, isTry: Bool = false) -> TypedAggregate? {
    guard let type = resultType(input) else { return nil }
    switch type {
    case .double: return TypedAggregate(name, type, states: [type]) { DoubleSumAccumulator() }
    case .decimal(let precision, _):
      let limit = Decimals.powersOfTen[precision] - 1
      return TypedAggregate(name, type, states: isTry ? [type, .boolean] : [type]) {
        ExactSumAccumulator<Int128>(type, in: -limit...limit, isTry: isTry)
      }
    default:
      let range =
        type.isYearMonth ? Int64(Int32.min)...Int64(Int32.max) : Int64.min...Int64.max
      return TypedAggregate(name, type, states: isTry ? [type, .boolean] : [type]) {
        ExactSumAccumulator<Int64>(type, in: range, isTry: isTry)
      }
    }
  }
}
