import Expressions
import Plan

/// What a join's rows of one side must pass anyway stands below the join, where it keeps rows out
/// of the state; and below `withWatermark` where it does not look at the time, so that, as in
/// Spark, rows which can meet nothing move no watermark.
extension Join {
  /// Which sides may lose rows that fail the join's condition: those that need not be given alone.
  private var mayFilterLeft: Bool {
    left.isStreaming && !kind.keepsLeft && kind != .leftAnti
  }
  private var mayFilterRight: Bool { right.isStreaming && !kind.keepsRight }

  /// The same join over streams without the rows that meet nothing.
  func withFilteredInputs(_ call: OperatorCall) throws -> Join {
    guard mayFilterLeft || mayFilterRight else { return self }
    let needed = neededColumns
    var (onLeft, onRight) = (try notNull(left, needed, call), try notNull(right, needed, call))
    if !mayFilterLeft { onLeft = [] }
    if !mayFilterRight { onRight = [] }
    var rest: [Expression] = []
    let (leftColumns, rightColumns) = (Set(left.output), Set(right.output))
    for condition in conditions {
      let used = condition.references
      if used.isEmpty || !condition.isDeterministic {
        rest.append(condition)
      } else if mayFilterLeft, used.isSubset(of: leftColumns) {
        onLeft.append(condition)
      } else if mayFilterRight, used.isSubset(of: rightColumns) {
        onRight.append(condition)
      } else {
        rest.append(condition)
      }
    }
    func filtered(_ side: any PlanNode, _ conditions: [Expression]) -> any PlanNode {
      conditions.reduce(side) { Filter($1, $0, origin: origin) }
    }
    return Join(
      kind, filtered(left, onLeft), filtered(right, onRight), keys: keys, conditions: rest,
      uid: uid, origin: origin)
  }

  private func notNull(
    _ side: any PlanNode, _ needed: Set<Attribute>, _ call: OperatorCall
  ) throws -> [Expression] {
    try side.output.filter { $0.isNullable && needed.contains($0) }.map {
      try call.analyzer.call("isnotnull", [.attribute($0)], origin: origin)
    }
  }

  /// The columns without which no condition holds.
  private var neededColumns: Set<Attribute> {
    var needed: Set<Attribute> = []
    for key in keys where !key.isNullSafe {
      needed.formUnion(Self.carried(key.left))
      needed.formUnion(Self.carried(key.right))
    }
    for condition in conditions {
      guard case .call(let function, let sides) = condition.kind, sides.count == 2,
        ["=", "<", "<=", ">", ">="].contains(function.name)
      else { continue }
      for side in sides { needed.formUnion(Self.carried(side)) }
    }
    return needed
  }

  /// The columns whose NULL makes the expression NULL.
  private static func carried(_ expression: Expression) -> Set<Attribute> {
    switch expression.kind {
    case .attribute(let attribute): [attribute]
    case .alias(let inner, _): carried(inner)
    case .call(let function, let arguments)
    where ["+", "-", "*", "cast"].contains(function.name):
      arguments.reduce(into: []) { $0.formUnion(carried($1)) }
    default: []
    }
  }
}

extension Join: PassesPredicates {
  /// A condition on one side, where that side's columns are never NULL for want of a match.
  public func predicate(_ condition: Expression, below index: Int) -> Expression? {
    let used = condition.references
    guard !used.isEmpty, used.isSubset(of: Set(children[index].output)) else { return nil }
    return (index == 0 ? kind.keepsRight : kind.keepsLeft) ? nil : condition
  }
  public var needsPredicateBelowAll: Bool { false }
}
