import Columns
import Contract

/// FIRST and LAST: in order of arrival, with or without the NULLs.
final class FirstLastAccumulator: Accumulator {
  private var values: GroupValues
  private var isSet = GroupArray<Bool>(empty: false)
  private let isLast: Bool
  private let ignoresNulls: Bool

  init(_ type: DataType, isLast: Bool, ignoresNulls: Bool) {
    values = GroupValues(type)
    self.isLast = isLast
    self.ignoresNulls = ignoresNulls
  }

  func grow(to groupCount: Int) {
    values.grow(to: groupCount)
    isSet.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    let vector = arguments[0]
    for row in 0..<count where !(ignoresNulls && vector.isNull(row)) {
      take(vector, row, Int(groups[row]))
    }
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    for row in 0..<count where states[1].boolean(row) {
      take(states[0], row, Int(groups[row]))
    }
  }

  @inline(__always)
  private func take(_ vector: Vector, _ row: Int, _ group: Int) {
    if isLast || !isSet.pointer[group] { values.set(group, vector, row) }
    isSet.pointer[group] = true
  }

  func states(_ groups: Selection) -> [Vector] {
    let seen = isSet.bits(groups) { $0 }
    return [values.vector(groups), Vector(.boolean, count: groups.count, values: seen)]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    values.vector(groups)
  }

  func reset(_ groups: Selection) {
    values.reset(groups)
    isSet.reset(groups)
  }

  var memoryBytes: Int { values.memoryBytes + isSet.memoryBytes }

  static func function(
    _ name: String, _ type: DataType, isLast: Bool, ignoresNulls: Bool
  ) -> TypedAggregate {
    TypedAggregate(name, type, states: [type, .boolean]) {
      FirstLastAccumulator(type, isLast: isLast, ignoresNulls: ignoresNulls)
    }
  }
}
