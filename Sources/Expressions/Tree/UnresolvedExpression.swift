import Columns
import Contract

/// An expression as the user wrote it: names not looked up, types unknown. The Lua reader and the
/// text parser both make this tree, so that a Column method and SQL text give the same plan.
public final class UnresolvedExpression: Sendable {
  public let node: Node
  public let origin: Origin?
  /// How many nodes lie above each other here: what walks the tree takes that much stack.
  public let height: Int

  /// The highest tree that is resolved; the text parser refuses a higher one.
  public static let heightLimit = 1000

  public init(_ node: Node, origin: Origin? = nil) {
    self.node = node
    self.origin = origin
    height = 1 + (node.children.map(\.height).max() ?? 0)
  }

  public enum Node: Sendable {
    /// `a`, `a.b`, `alias.a.b`: the parts as written, back-quotes taken off.
    case name([String])
    /// `df.a`: the column of one DataFrame, which the plan's id names.
    case column(ofPlan: Int, name: String)
    /// `*`, `t.*`, `value.*`: the parts before the star.
    case star([String])
    /// `* EXCEPT (a, b.c)`: the parts before the star, and the names left out.
    case starExcept([String], except: [[String]])
    case literal(Scalar, DataType)
    /// A function or operator by its SQL name: `+`, `and`, `=`, `upper`, `when` (condition, value,
    /// …, otherwise).
    case call(String, [UnresolvedExpression], isDistinct: Bool, filter: UnresolvedExpression?)
    case cast(UnresolvedExpression, DataType, isTry: Bool)
    /// Several names where a generator makes several columns.
    case alias(UnresolvedExpression, [String])
    /// `value.field`, `value[key]`: field of a struct, element of an array (from 0), value of a
    /// map.
    case extract(UnresolvedExpression, UnresolvedExpression)
    case lambda([String], UnresolvedExpression)
    case userFunction(any UserFunction, [UnresolvedExpression])
    /// Only in lists to sort by.
    case sort(UnresolvedExpression, SortOrder)
    case over(UnresolvedExpression, UnresolvedWindow)
    /// `:name` in the text of `session:sql(text, args)`.
    case parameter(String)
    /// `f(name => value)`: only among the arguments of a call.
    case argument(String, UnresolvedExpression)
    /// A query in brackets.
    case subquery(Subquery)

    /// The direct parts.
    public var children: [UnresolvedExpression] {
      switch self {
      case .name, .column, .star, .starExcept, .literal, .parameter: []
      case .call(_, let arguments, _, let filter): arguments + (filter.map { [$0] } ?? [])
      case .cast(let child, _, _), .alias(let child, _), .lambda(_, let child),
        .sort(let child, _), .argument(_, let child):
        [child]
      case .subquery(let subquery): subquery.values
      case .extract(let child, let key): [child, key]
      case .userFunction(_, let arguments): arguments
      case .over(let call, let window): [call] + window.partition + window.order
      }
    }
  }

  /// Whether a query stands somewhere in it.
  public var hasSubquery: Bool {
    if case .subquery = node { return true }
    return node.children.contains { $0.hasSubquery }
  }

  /// A call with no DISTINCT and no FILTER.
  public static func call(
    _ name: String, _ arguments: [UnresolvedExpression], origin: Origin? = nil
  ) -> UnresolvedExpression {
    UnresolvedExpression(.call(name, arguments, isDistinct: false, filter: nil), origin: origin)
  }
}

/// A query inside an expression. What a query is, is the business of the room that plans it.
public struct Subquery: Sendable {
  public enum Use: Sendable {
    /// `(SELECT …)`: the one value of the one row, NULL where there is none.
    case scalar
    /// `EXISTS (SELECT …)`
    case exists
    /// `value IN (SELECT …)`
    case membership
  }

  public let use: Use
  /// What is looked for, of `membership`: one expression for each column of the query.
  public let values: [UnresolvedExpression]
  public let query: any UnresolvedQuery

  public init(_ use: Use, values: [UnresolvedExpression] = [], query: any UnresolvedQuery) {
    self.use = use
    self.values = values
    self.query = query
  }

  /// The same over other values.
  public func with(values: [UnresolvedExpression]) -> Subquery {
    Subquery(use, values: values, query: query)
  }
}

/// A query not yet looked at.
public protocol UnresolvedQuery: Sendable {}

/// The direction of one sort key.
public struct SortOrder: Hashable, Sendable {
  public let isAscending: Bool
  public let nullsFirst: Bool

  public init(isAscending: Bool, nullsFirst: Bool) {
    self.isAscending = isAscending
    self.nullsFirst = nullsFirst
  }

  /// Spark's defaults: NULLs first when ascending, last when descending.
  public static let ascending = SortOrder(isAscending: true, nullsFirst: true)
  public static let descending = SortOrder(isAscending: false, nullsFirst: false)
}

/// `OVER (PARTITION BY … ORDER BY … ROWS BETWEEN …)`.
public struct UnresolvedWindow: Sendable {
  /// The name of a window of the WINDOW clause, which this is.
  public let base: String?
  public let partition: [UnresolvedExpression]
  /// May hold `sort` nodes.
  public let order: [UnresolvedExpression]
  public let frame: WindowFrame?

  public init(
    base: String? = nil, partition: [UnresolvedExpression], order: [UnresolvedExpression],
    frame: WindowFrame?
  ) {
    self.base = base
    self.partition = partition
    self.order = order
    self.frame = frame
  }
}

/// The rows around the current one that a window aggregate sees.
public struct WindowFrame: Hashable, Sendable {
  public enum Bound: Hashable, Sendable {
    case unboundedPreceding, currentRow, unboundedFollowing
    /// Rows, or a distance in the sort key; negative: preceding.
    case offset(Scalar, DataType)
  }

  /// Counted in rows, or by the value of the sort key.
  public let isRows: Bool
  /// Made by methods (`rowsBetween(-1, 0)`), not written as SQL (`1 PRECEDING`): a column's name
  /// tells.
  public let isMade: Bool
  public let lower: Bound
  public let upper: Bound

  public init(isRows: Bool, lower: Bound, upper: Bound, isMade: Bool = false) {
    self.isRows = isRows
    self.lower = lower
    self.upper = upper
    self.isMade = isMade
  }

  /// Whether both are of the same rows, however they came to be.
  public func isSame(as other: WindowFrame) -> Bool {
    isRows == other.isRows && lower == other.lower && upper == other.upper
  }
}
