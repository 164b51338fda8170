import Columns
import Expressions
import Plan

/// When a stored row of a stream–stream join can have no match any more.
///
/// Either the keys hold event time: then a row is done when its own time is behind the watermark.
/// Or
/// the condition bounds one side's time by the other's: from `l.t >= r.t + c` follows that a left
/// row
/// with `l.t < watermark + c` is done, since every right row to come is at or after the watermark.
struct JoinBounds: Sendable {
  /// The moment of a stored row that is compared, and what is added to the watermark.
  struct Bound: Sendable {
    /// The event-time column, or the expression of a key, over one side's columns.
    let time: Expression
    /// A row is done when its time is at or before watermark + this. Microseconds.
    let shiftUs: Int64
  }

  let left: Bound?
  let right: Bound?
  /// Whether the condition bounds a side's rows at all; Spark then allows an outer join, although
  /// it
  /// never forgets (nor gives, unmatched) the rows of a side that has no watermark of its own.
  let boundsLeft: Bool
  let boundsRight: Bool

  /// How much older than the input's the output's watermark is; nil where nothing is bounded.
  var outputDelayUs: Int64? {
    let shifts = [left, right].compactMap { $0?.shiftUs }
    guard let least = shifts.min() else { return nil }
    return max(0, -least)
  }

  init(_ join: Join) {
    if let key = join.keys.first(where: { Self.isEventTime($0.left) || Self.isEventTime($0.right) })
    {
      left = Bound(time: key.left, shiftUs: 0)
      right = Bound(time: key.right, shiftUs: 0)
      (boundsLeft, boundsRight) = (true, true)
      return
    }
    let ofLeft = Self.bound(of: join.left, by: join.right, join.conditions)
    let ofRight = Self.bound(of: join.right, by: join.left, join.conditions)
    (boundsLeft, boundsRight) = (ofLeft != nil, ofRight != nil)
    left = Self.hasWatermark(join.left) ? ofLeft : nil
    right = Self.hasWatermark(join.right) ? ofRight : nil
  }

  private static func hasWatermark(_ side: any PlanNode) -> Bool {
    side.output.contains { $0.watermarkDelayUs != nil }
  }

  private static func isEventTime(_ expression: Expression) -> Bool {
    if case .attribute(let attribute) = expression.kind { return attribute.watermarkDelayUs != nil }
    return false
  }

  /// The bound of `side`'s rows by the other side's watermarked time.
  private static func bound(
    of side: any PlanNode, by other: any PlanNode, _ conjuncts: [Expression]
  ) -> Bound? {
    guard hasWatermark(other) else { return nil }
    let own = Set(side.output)
    let others = Set(other.output)
    var found: [Bound] = []
    for conjunct in conjuncts {
      guard let (greater, lesser, isStrict) = comparison(conjunct),
        let upper = TimeTerm(greater), let lower = TimeTerm(lesser),
        own.contains(upper.column), others.contains(lower.column),
        lower.column.watermarkDelayUs != nil
      else { continue }
      // own + a >= other + b: done when own <= watermark + (b - a), a millisecond less if equal is
      // a match.
      let shift = lower.offsetUs - upper.offsetUs
      found.append(
        Bound(time: .attribute(upper.column), shiftUs: isStrict ? shift : shift - 1000))
    }
    return found.min { $0.shiftUs < $1.shiftUs }
  }

  private static func comparison(
    _ expression: Expression
  ) -> (greater: Expression, lesser: Expression, isStrict: Bool)? {
    guard case .call(let function, let sides) = expression.kind, sides.count == 2 else {
      return nil
    }
    switch function.name {
    case ">": return (sides[0], sides[1], true)
    case ">=": return (sides[0], sides[1], false)
    case "<": return (sides[1], sides[0], true)
    case "<=": return (sides[1], sides[0], false)
    default: return nil
    }
  }
}

/// A time column plus a constant interval.
private struct TimeTerm {
  let column: Attribute
  let offsetUs: Int64

  init?(_ expression: Expression) {
    switch expression.kind {
    case .attribute(let attribute)
    where attribute.type == .timestamp || attribute.type == .timestampNtz:
      column = attribute
      offsetUs = 0
    case .alias(let inner, _):
      guard let term = TimeTerm(inner) else { return nil }
      self = term
    case .call(let function, let arguments):
      // A cast between the two timestamp types changes no order.
      if arguments.count == 1, function.name == "cast", let term = TimeTerm(arguments[0]) {
        self = term
        return
      }
      guard arguments.count == 2, function.name == "+" || function.name == "-" else { return nil }
      if let term = TimeTerm(arguments[0]), let us = Self.interval(arguments[1]) {
        column = term.column
        offsetUs = term.offsetUs + (function.name == "+" ? us : -us)
      } else if function.name == "+", let us = Self.interval(arguments[0]),
        let term = TimeTerm(arguments[1])
      {
        column = term.column
        offsetUs = term.offsetUs + us
      } else {
        return nil
      }
    default: return nil
    }
  }

  private static func interval(_ expression: Expression) -> Int64? {
    guard case .dayTimeInterval = expression.type,
      case .literal(.integer(let us)) = fold(expression).kind
    else { return nil }
    return us
  }
}

extension Expression {
  /// The parts that AND (or BETWEEN, which is two comparisons) joins.
  var conjuncts: [Expression] {
    if case .call(let function, let sides) = kind,
      function.name == "and" || function.name == "between"
    {
      return sides.flatMap(\.conjuncts)
    }
    return [self]
  }
}
