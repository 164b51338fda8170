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
      let over = WindowCall(
        .aggregate(aggregate.function), aggregate.arguments, partition: partition, order: order,
        frame: frame)
      return Expression(.window(over), call.type, isNullable: call.isNullable, origin: origin)
    case .window(let ranking):
      if order.isEmpty, !ranking.function.isValue {
        throw Failure(
          "WINDOW_FUNCTION_FRAME_NOT_ORDERED",
          "`\(call.sqlText)` needs an order: `W.orderBy(…)`", origin: origin)
      }
      let over = WindowCall(
        ranking.function, ranking.arguments, partition: partition, order: order,
        frame: ranking.function.isValue ? window.frame ?? ranking.frame : ranking.frame)
      return Expression(.window(over), call.type, isNullable: call.isNullable, origin: origin)
    default:
      throw Failure(
        "UNSUPPORTED_EXPR_FOR_WINDOW",
        "`\(call.sqlText)` cannot be computed over a window: it is no aggregate or window function",
        origin: origin)
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

extension WindowFunction {
  /// Whether it gives a value of the frame, so that the frame is the user's to choose.
  fileprivate var isValue: Bool {
    switch self {
    case .firstValue, .lastValue, .nthValue, .aggregate: true
    default: false
    }
  }
}
