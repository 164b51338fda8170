import Columns
import Contract

/// BIT_AND, BIT_OR and BIT_XOR over integers.
final class BitAccumulator: Accumulator {
  /// How two values become one.
  enum Operation: Sendable { case and, or, xor }

  private var values = GroupArray<Int64>(empty: 0)
  private var isSet = GroupArray<Bool>(empty: false)
  private let type: DataType
  private let operation: Operation

  init(_ type: DataType, _ operation: Operation) {
    self.type = type
    self.operation = operation
  }

  func grow(to groupCount: Int) {
    values.grow(to: groupCount)
    isSet.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    merge(arguments, groups: groups, count: count)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let vector = states[0].widened()
    let (values, isSet) = (values.pointer, isSet.pointer)
    let (source, stride) = (vector.typed(Int64.self), vector.stride)
    vector.forEachValid(count) { row in
      let (group, value) = (Int(groups[row]), source[row &* stride])
      if !isSet[group] {
        values[group] = value
        isSet[group] = true
        return
      }
      switch operation {
      case .and: values[group] &= value
      case .or: values[group] |= value
      case .xor: values[group] ^= value
      }
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    [values.integers(type, groups, validity: isSet.bits(groups) { $0 })]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector { states(groups)[0] }

  func reset(_ groups: Selection) { isSet.reset(groups) }

  var memoryBytes: Int { values.memoryBytes + isSet.memoryBytes }

  static func function(
    _ name: String, _ type: DataType, _ operation: Operation
  ) -> TypedAggregate {
    TypedAggregate(name, type, states: [type]) { BitAccumulator(type, operation) }
  }
}
