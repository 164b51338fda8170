import Columns
import Contract

/// MIN and MAX over every orderable type.
final class ExtremeAccumulator: Accumulator {
  private var values: GroupValues
  private let isMax: Bool

  init(_ type: DataType, isMax: Bool) {
    values = GroupValues(type)
    self.isMax = isMax
  }

  func grow(to groupCount: Int) { values.grow(to: groupCount) }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    merge(arguments, groups: groups, count: count)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let vector = states[0]
    for row in 0..<count where !vector.isNull(row) {
      let group = Int(groups[row])
      if values.isNull(group) {
        values.set(group, vector, row)
        continue
      }
      let order = values.compare(group, vector, row)
      if isMax ? order < 0 : order > 0 { values.set(group, vector, row) }
    }
  }

  func states(_ groups: Selection) -> [Vector] { [values.vector(groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    values.vector(groups)
  }

  func reset(_ groups: Selection) { values.reset(groups) }

  var memoryBytes: Int { values.memoryBytes }
}

/// MIN_BY and MAX_BY: the value of the row in which another is the least or greatest; of equal ones
/// the last.
final class ExtremeByAccumulator: Accumulator {
  private var values: GroupValues
  private var keys: GroupValues
  private let isMax: Bool

  init(_ type: DataType, key: DataType, isMax: Bool) {
    values = GroupValues(type)
    keys = GroupValues(key)
    self.isMax = isMax
  }

  func grow(to groupCount: Int) {
    values.grow(to: groupCount)
    keys.grow(to: groupCount)
  }

  func update(
    _ arguments: [Vector], groups: UnsafePointer<UInt32>, count: Int, context: EvaluationContext
  ) {
    merge(arguments, groups: groups, count: count)
  }

  func merge(_ states: [Vector], groups: UnsafePointer<UInt32>, count: Int) {
    let (vector, key) = (states[0], states[1])
    for row in 0..<count where !key.isNull(row) {
      let group = Int(groups[row])
      if !keys.isNull(group) {
        let order = keys.compare(group, key, row)
        if isMax ? order > 0 : order < 0 { continue }
      }
      keys.set(group, key, row)
      values.set(group, vector, row)
    }
  }

  func states(_ groups: Selection) -> [Vector] { [values.vector(groups), keys.vector(groups)] }

  func results(_ groups: Selection, context: EvaluationContext) -> Vector {
    values.vector(groups)
  }

  func reset(_ groups: Selection) {
    values.reset(groups)
    keys.reset(groups)
  }

  var memoryBytes: Int { values.memoryBytes + keys.memoryBytes }
}

enum Extremes {
  /// MIN or MAX over an orderable type.
  static func function(_ name: String, _ type: DataType, isMax: Bool) -> TypedAggregate {
    let isInteger: Bool
    switch type {
    case .float, .double, .decimal: isInteger = false
    default: if case .fixed = type.layout { isInteger = true } else { isInteger = false }
    }
    if isInteger {
      return isMax
        ? IntegerFoldAccumulator<Greatest>.function(name, type)
        : IntegerFoldAccumulator<Least>.function(name, type)
    }
    return TypedAggregate(name, type, states: [type]) { ExtremeAccumulator(type, isMax: isMax) }
  }

  /// MIN_BY or MAX_BY.
  static func by(_ name: String, _ type: DataType, key: DataType, isMax: Bool) -> TypedAggregate {
    TypedAggregate(name, type, states: [type, key]) {
      ExtremeByAccumulator(type, key: key, isMax: isMax)
    }
  }

  /// MIN_BY or MAX_BY of several rows.
  static func several(
    _ name: String, _ type: DataType, key: DataType, isMax: Bool, count: Int
  ) -> TypedAggregate {
    let row = DataType.structure([Field("value", type), Field("ordering", key)])
    let result = DataType.array(type, containsNull: true)
    return ListFinishAccumulator.function(name, row, result, required: 1) { rows, builder in
      let (values, keys) = (rows.children[0], rows.children[1])
      let order = (0..<rows.count).filter { !keys.isNull($0) }.sortedStably {
        (isMax ? -1 : 1) * ValueOrder.compare(keys, $0, keys, $1)
      }
      if order.isEmpty { return builder.appendNull() }
      for at in order.prefix(count) { builder.children[0].append(values, row: at) }
      builder.endList()
    }
  }
}
