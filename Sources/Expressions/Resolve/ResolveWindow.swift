import Columns
import Contract

/// Calls with an OVER clause.
extension ExpressionResolver {
  func resolveWindow(
    _ unresolved: UnresolvedExpression, _ window: UnresolvedWindow, _ origin: Origin?
  ) throws -> Expression {
    guard case .call(let name, let arguments, let isDistinct, let filter) = unresolved.node else {
      throw Failure(
        "UNSUPPORTED_EXPR_FOR_WINDOW", "only a function can be computed over a window",
        origin: origin)
    }
    if let name = window.base {
      throw Failure(
        "MISSING_WINDOW_SPECIFICATION", "there is no window `\(name)`",
        hint: "Name it behind the FROM clause: WINDOW \(name) AS (…).", origin: origin)
    }
    let call = try resolveCall(name, arguments, isDistinct: isDistinct, filter: filter, origin)
    let partition = try window.partition.map { try resolve($0) }
    let order = try window.order.map { try sortKey($0) }
    switch call.kind {
    case .aggregate(let aggregate):
      guard !aggregate.isDistinct else {
        throw Failure(
          "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
          "DISTINCT is not supported over a window: `\(call.sqlText)`", origin: origin)
      }
      let frame = window.frame ?? Self.defaultFrame(isOrdered: !order.isEmpty)
      try Self.checkFrame(frame, order, origin)
      let over = WindowCall(
        .aggregate(aggregate.function), aggregate.arguments, partition: partition, order: order,
        frame: frame, filter: aggregate.filter, name: aggregate.name)
      return Expression(.window(over), call.type, isNullable: call.isNullable, origin: origin)
    case .window(let ranking):
      if order.isEmpty, !ranking.function.isValue {
        throw Failure(
          "WINDOW_FUNCTION_FRAME_NOT_ORDERED",
          "`\(call.sqlText)` needs an order: `W.orderBy(…)`", origin: origin)
      }
      if let frame = window.frame, !ranking.function.isValue, !frame.isSame(as: ranking.frame) {
        throw Failure(
          "_LEGACY_ERROR_TEMP_1036",
          "Window Frame \(frame.text) must match the required frame \(ranking.frame.text)",
          hint: "`\(call.sqlText)` looks at its whole partition: leave the frame out.",
          origin: origin)
      }
      let isValue = ranking.function.isValue
      let frame =
        isValue
        ? window.frame ?? Self.defaultFrame(isOrdered: !order.isEmpty) : ranking.frame
      try Self.checkFrame(frame, order, origin)
      let over = WindowCall(
        ranking.function, ranking.arguments, partition: partition, order: order, frame: frame,
        ignoresNulls: ranking.ignoresNulls)
      return Expression(.window(over), call.type, isNullable: call.isNullable, origin: origin)
    default:
      throw Failure(
        "UNSUPPORTED_EXPR_FOR_WINDOW",
        "`\(call.sqlText)` cannot be computed over a window: it is no aggregate or window function",
        origin: origin)
    }
  }

  /// A distance in the key needs one key, and one that has distances.
  private static func checkFrame(
    _ frame: WindowFrame, _ order: [SortKey], _ origin: Origin?
  ) throws {
    if let lower = frame.lower.sortPlace, let upper = frame.upper.sortPlace, lower > upper {
      throw Failure(
        "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON",
        "the frame ends before it begins: \(frame.text)", origin: origin)
    }
    if frame.isRows { return }
    for bound in [frame.lower, frame.upper] {
      guard case .offset(_, let distance) = bound else { continue }
      guard order.count == 1 else {
        throw Failure(
          order.isEmpty
            ? "DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER"
            : "DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER",
          "a frame that is a distance wants one order key, not \(order.count)",
          hint: "`rowsBetween` counts rows.", origin: origin)
      }
      let key = order[0].expression.type
      let fits: Bool
      switch key {
      case .date: fits = distance.isInterval || distance == .int
      case .timestamp, .timestampNtz: fits = distance.isInterval || distance.isInteger
      default: fits = key.isNumeric && distance.isNumeric
      }
      guard fits else {
        throw Failure(
          key.isNumeric || key == .date || key == .timestamp || key == .timestampNtz
            ? "DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE"
            : "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
          "a frame cannot be a distance of \"\(distance)\" in a key of the type \"\(key)\"",
          hint: "`rowsBetween` counts rows.", origin: origin)
      }
    }
  }

  /// A key to sort by: ascending where nothing is said.
  public func sortKey(_ unresolved: UnresolvedExpression) throws -> SortKey {
    var (inner, order) = (unresolved, SortOrder.ascending)
    if case .sort(let child, let given) = unresolved.node { (inner, order) = (child, given) }
    let key = try resolve(inner)
    guard key.type.isOrderable else {
      throw Failure(
        "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
        "`\(key.sqlText)` has the type \"\(key.type)\", which has no order",
        origin: unresolved.origin)
    }
    return SortKey(key, order)
  }

  private static func defaultFrame(isOrdered: Bool) -> WindowFrame {
    isOrdered
      ? WindowFrame(isRows: false, lower: .unboundedPreceding, upper: .currentRow)
      : WindowFrame(isRows: true, lower: .unboundedPreceding, upper: .unboundedFollowing)
  }
}

extension WindowFrame.Bound {
  /// Where a bound lies, for comparison with another of the same kind; nil: it cannot be said.
  fileprivate var sortPlace: Double? {
    switch self {
    case .offset(.integer(let value), let type) where !type.isInterval: Double(value)
    default: nil
    }
  }
}

extension WindowFunction {
  /// Whether it gives a value of the frame, so that the frame is the user's to choose.
  fileprivate var isValue: Bool {
    switch self {
    case .firstValue, .lastValue, .nthValue, .aggregate: true
    default: false
    }
  }
}
