import Columns
import Contract

/// What a group of a sum holds so far.
enum SumStatus {
  static let empty: UInt8 = 0
  static let some: UInt8 = 1
  /// Only `try_sum` goes on after an overflow; its result is NULL.
  static let overflowed: UInt8 = 2
}

/// Sums of integers and intervals, exact, in 64 bits.
final class IntegerSumAccumulator: Accumulator {
  private var sums = GroupArray<Int64>(empty: 0)
  private var status = GroupArray<UInt8>(empty: SumStatus.empty)
  private let type: DataType
  private let isTry: Bool
  private let limit: Int64

  init(_ type: DataType, isTry: Bool) {
    self.type = type
    self.isTry = isTry
    limit = type.layout == .fixed(width: 4) ? Int64(Int32.max) : .max
  }

  func grow(to groupCount: Int) {
    sums.grow(to: groupCount)
    status.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) throws {
    try add(arguments[0].widened(), groups: groups, count: count)
  }

  private func add(_ vector: Vector, groups: UnsafePointer<UInt32>, count: Int) throws {
    let (sums, status, limit) = (sums.pointer, status.pointer, limit)
    let (source, stride) = (vector.typed(Int64.self), vector.stride)
    try vector.forEachValid(count) { row in
      let group = Int(groups[row])
      let (sum, overflow) = sums[group].addingReportingOverflow(source[row &* stride])
      if overflow || sum > limit || sum < -limit &- 1 { return try overflowed(group, row) }
      sums[group] = sum
      status[group] |= SumStatus.some
    }
  }

  private func overflowed(_ group: Int, _ row: Int) throws {
    status.pointer[group] |= SumStatus.overflowed
    if isTry { return }
    throw RowFailure(row: row, Failure.overflowInSum("long overflow"))
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    try add(states[0].widened(), groups: groups, count: count)
    guard isTry else { return }
    for row in 0..<count where states[1].boolean(row) {
      status.pointer[Int(groups[row])] |= SumStatus.overflowed
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    let sum = sums.integers(
      type, groups, validity: status.bits(groups) { $0 & SumStatus.some != 0 })
    if !isTry { return [sum] }
    let lost = status.bits(groups) { $0 & SumStatus.overflowed != 0 }
    return [sum, Vector(.boolean, count: groups.count, values: lost)]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    sums.integers(type, groups, validity: status.bits(groups) { $0 == SumStatus.some })
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

/// Sums of DECIMAL, exact.
final class DecimalSumAccumulator: Accumulator {
  private var sums = GroupArray<Int128>(empty: 0)
  private var status = GroupArray<UInt8>(empty: SumStatus.empty)
  private let type: DataType
  private let limit: Int128
  private let isTry: Bool

  init(_ type: DataType, isTry: Bool) {
    self.type = type
    self.isTry = isTry
    guard case .decimal(let precision, _) = type else {
      preconditionFailure("a decimal sum of \(type)")
    }
    limit = Decimals.powersOfTen[precision]
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

  private func add(_ vector: Vector, groups: UnsafePointer<UInt32>, count: Int) throws {
    let (sums, status, limit) = (sums.pointer, status.pointer, limit)
    let (source, stride) = (vector.typed(Int128.self), vector.stride)
    try vector.forEachValid(count) { row in
      let group = Int(groups[row])
      // Two numbers of at most 38 digits: the sum may leave the type but not 128 bits by wrapping
      // unseen, since it is compared with the limit of the type.
      let (sum, overflow) = sums[group].addingReportingOverflow(source[row &* stride])
      if overflow || sum >= limit || sum <= -limit {
        status[group] |= SumStatus.overflowed
        if !isTry {
          throw RowFailure(row: row, Failure.overflowInSum("overflow in sum of decimals"))
        }
        return
      }
      sums[group] = sum
      status[group] |= SumStatus.some
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) throws {
    try add(states[0], groups: groups, count: count)
    guard isTry else { return }
    for row in 0..<count where states[1].boolean(row) {
      status.pointer[Int(groups[row])] |= SumStatus.overflowed
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    let sum = sums.vector(type, groups, validity: status.bits(groups) { $0 & SumStatus.some != 0 })
    if !isTry { return [sum] }
    let lost = status.bits(groups) { $0 & SumStatus.overflowed != 0 }
    return [sum, Vector(.boolean, count: groups.count, values: lost)]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    sums.vector(type, groups, validity: status.bits(groups) { $0 == SumStatus.some })
  }

  func reset(_ groups: Selection) {
    sums.reset(groups)
    status.reset(groups)
  }

  var memoryBytes: Int { sums.memoryBytes + status.memoryBytes }
}

extension Failure {
  /// A sum that left its type.
  static func overflowInSum(_ message: String) -> Failure {
    Failure(
      "ARITHMETIC_OVERFLOW", message,
      hint: "Use `try_sum` to tolerate overflow and return NULL instead.")
  }
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
    case .decimal:
      return TypedAggregate(name, type, states: isTry ? [type, .boolean] : [type]) {
        DecimalSumAccumulator(type, isTry: isTry)
      }
    default:
      return TypedAggregate(name, type, states: isTry ? [type, .boolean] : [type]) {
        IntegerSumAccumulator(type, isTry: isTry)
      }
    }
  }
}
