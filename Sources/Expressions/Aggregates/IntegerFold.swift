import Columns
import Contract

/// How two integers become one; NULLs are passed over. A type and no closure, so that the loop over
/// a column is compiled for each.
protocol IntegerFold: SendableMetatype {
  static func fold(_ a: Int64, _ b: Int64) -> Int64
}

enum Least: IntegerFold {
  static func fold(_ a: Int64, _ b: Int64) -> Int64 { min(a, b) }
}

enum Greatest: IntegerFold {
  static func fold(_ a: Int64, _ b: Int64) -> Int64 { max(a, b) }
}

enum BitwiseAnd: IntegerFold {
  static func fold(_ a: Int64, _ b: Int64) -> Int64 { a & b }
}

enum BitwiseOr: IntegerFold {
  static func fold(_ a: Int64, _ b: Int64) -> Int64 { a | b }
}

enum BitwiseXor: IntegerFold {
  static func fold(_ a: Int64, _ b: Int64) -> Int64 { a ^ b }
}

/// MIN and MAX over integers, dates, times and intervals; BIT_AND, BIT_OR and BIT_XOR.
final class IntegerFoldAccumulator<Fold: IntegerFold>: Accumulator {
  private var values = GroupArray<Int64>(empty: 0)
  private var isSet = GroupArray<Bool>(empty: false)
  private let type: DataType

  init(_ type: DataType) {
    self.type = type
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
      values[group] = isSet[group] ? Fold.fold(values[group], value) : value
      isSet[group] = true
    }
  }

  func states(_ groups: Selection) -> [Vector] {
    [values.integers(type, groups, validity: isSet.bits(groups) { $0 })]
  }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector { states(groups)[0] }

  func reset(_ groups: Selection) { isSet.reset(groups) }

  var memoryBytes: Int { values.memoryBytes + isSet.memoryBytes }

  static func function(_ name: String, _ type: DataType) -> TypedAggregate {
    TypedAggregate(name, type, states: [type]) { IntegerFoldAccumulator(type) }
  }
}
