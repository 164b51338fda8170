import Columns
import Contract
import Synchronization

/// A column in a plan: what a name stands for once it is looked up. Two columns are the same when
/// their ids are, whatever they are called.
public struct Attribute: Hashable, Sendable {
  public let id: Int
  // Shared: a wide DataFrame names every column again at each step of a script.
  private let facts: Facts

  private final class Facts: Sendable {
    let name: String
    let type: DataType
    let isNullable: Bool
    let qualifier: String?
    let watermarkDelayUs: Int64?

    init(
      _ name: String, _ type: DataType, isNullable: Bool, qualifier: String?,
      watermarkDelayUs: Int64?
    ) {
      self.name = name
      self.type = type
      self.isNullable = isNullable
      self.qualifier = qualifier
      self.watermarkDelayUs = watermarkDelayUs
    }
  }

  public init(
    id: Int = Attribute.newId(), _ name: String, _ type: DataType, isNullable: Bool = true,
    qualifier: String? = nil, watermarkDelayUs: Int64? = nil
  ) {
    self.id = id
    facts = Facts(
      name, type, isNullable: isNullable, qualifier: qualifier, watermarkDelayUs: watermarkDelayUs)
  }

  public var name: String { facts.name }
  public var type: DataType { facts.type }
  public var isNullable: Bool { facts.isNullable }
  /// The alias of the DataFrame it came through (`df:alias "l"`), for `l.name`.
  public var qualifier: String? { facts.qualifier }
  /// The watermark's delay where this is an event-time column (or a window of one), microseconds.
  public var watermarkDelayUs: Int64? { facts.watermarkDelayUs }

  private static let lastId = Atomic<Int>(0)

  /// An id that no other attribute of this process has.
  public static func newId() -> Int { lastId.add(1, ordering: .relaxed).newValue }

  public static func == (a: Attribute, b: Attribute) -> Bool { a.id == b.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A resolved, typed expression. Immutable; evaluated after `CompiledExpression` bound it to the
/// columns of its input.
public final class Expression: Sendable {
  public let kind: Kind
  public let type: DataType
  public let isNullable: Bool
  public let origin: Origin?

  public init(_ kind: Kind, _ type: DataType, isNullable: Bool = true, origin: Origin? = nil) {
    self.kind = kind
    self.type = type
    self.isNullable = isNullable
    self.origin = origin
  }

  public enum Kind: Sendable {
    case attribute(Attribute)
    case literal(Scalar)
    case call(ScalarFunction, [Expression])
    /// Only as the second and later arguments of functions that take one.
    case lambda([Attribute], Expression)
    /// Only below an Aggregate or Window node.
    case aggregate(AggregateCall)
    /// `explode` and its kin: only below a Generate node.
    case generator(any Generator, [Expression])
    /// Only below a Window node.
    case window(WindowCall)
    /// The name that a projection gives; transparent to evaluation.
    case alias(Expression, Attribute)
    case userFunction(any UserFunction, [Expression])
  }

  /// The direct parts.
  public var children: [Expression] {
    switch kind {
    case .attribute, .literal: []
    case .call(_, let arguments), .generator(_, let arguments), .userFunction(_, let arguments):
      arguments
    case .lambda(_, let body): [body]
    case .aggregate(let call): call.arguments + (call.filter.map { [$0] } ?? [])
    case .window(let call):
      call.arguments + call.partition + call.order.map(\.expression)
        + (call.filter.map { [$0] } ?? [])
    case .alias(let child, _): [child]
    }
  }

  /// The same node over other children, in the order of `children`.
  public func with(children: [Expression]) -> Expression {
    let kind: Kind
    switch self.kind {
    case .attribute, .literal: return self
    case .call(let function, _): kind = .call(function, children)
    case .generator(let generator, _): kind = .generator(generator, children)
    case .userFunction(let function, _): kind = .userFunction(function, children)
    case .lambda(let parameters, _): kind = .lambda(parameters, children[0])
    case .aggregate(let call): kind = .aggregate(call.with(children: children))
    case .window(let call): kind = .window(call.with(children: children))
    case .alias(_, let attribute): kind = .alias(children[0], attribute)
    }
    return Expression(kind, type, isNullable: isNullable, origin: origin)
  }

  /// Rewrites bottom up: `rewrite` sees each node after its children.
  public func transformed(_ rewrite: (Expression) throws -> Expression) rethrows -> Expression {
    let old = children
    if old.isEmpty { return try rewrite(self) }
    let new = try old.map { try $0.transformed(rewrite) }
    let same = zip(old, new).allSatisfy { $0 === $1 }
    return try rewrite(same ? self : with(children: new))
  }

  /// Whether this node or one below it satisfies a condition.
  public func contains(_ condition: (Expression) -> Bool) -> Bool {
    condition(self) || children.contains { $0.contains(condition) }
  }

  /// The attributes used, lambda parameters excluded.
  public var references: Set<Attribute> {
    switch kind {
    case .attribute(let attribute): [attribute]
    case .lambda(let parameters, let body): body.references.subtracting(parameters)
    default: children.reduce(into: []) { $0.formUnion($1.references) }
    }
  }

  /// Same input, same answer: false below `rand`, `uuid` and impure user functions.
  public var isDeterministic: Bool {
    !contains {
      switch $0.kind {
      case .call(let function, _): !function.isDeterministic
      case .userFunction(let function, _): !function.isDeterministic
      default: false
      }
    }
  }

  /// Whether evaluation may raise, so that it must not see rows that a guard keeps out.
  public var canFail: Bool {
    contains {
      switch $0.kind {
      case .call(let function, _): function.canFail
      case .userFunction: true
      default: false
      }
    }
  }

  public static func attribute(_ attribute: Attribute, origin: Origin? = nil) -> Expression {
    Expression(
      .attribute(attribute), attribute.type, isNullable: attribute.isNullable, origin: origin)
  }

  public static func literal(_ value: Scalar, _ type: DataType, origin: Origin? = nil) -> Expression
  {
    Expression(.literal(value), type, isNullable: value.isNull, origin: origin)
  }
}

/// One output column of a projection or an aggregation.
public struct NamedExpression: Sendable {
  public let expression: Expression
  public let attribute: Attribute

  public init(_ expression: Expression, as attribute: Attribute) {
    self.expression = expression
    self.attribute = attribute
  }

  /// A column of the input, as it is.
  public var isUnchanged: Bool {
    if case .attribute(let input) = expression.kind { input == attribute } else { false }
  }
}

/// One key to sort by.
public struct SortKey: Sendable {
  public let expression: Expression
  public let order: SortOrder

  public init(_ expression: Expression, _ order: SortOrder) {
    self.expression = expression
    self.order = order
  }
}

/// An aggregate function over its arguments.
public struct AggregateCall: Sendable {
  public let function: any AggregateFunction
  public let arguments: [Expression]
  public let isDistinct: Bool
  public let filter: Expression?
  /// As it was called: `mean` for `avg`.
  public let name: String
  /// For each argument as written: nil where the next of `arguments` stands for it, else the text
  /// of a constant that binding took out.
  public let written: [String?]?
  /// The WITHIN GROUP clause as text; the keys themselves are among the arguments.
  public let ordering: String?

  public init(
    _ function: any AggregateFunction, _ arguments: [Expression], isDistinct: Bool = false,
    filter: Expression? = nil, name: String? = nil, written: [String?]? = nil,
    ordering: String? = nil
  ) {
    self.ordering = ordering
    self.name = name ?? function.name
    self.written = written
    self.function = function
    self.arguments = arguments
    self.isDistinct = isDistinct
    self.filter = filter
  }

  func with(children: [Expression]) -> AggregateCall {
    AggregateCall(
      function, Array(children.prefix(arguments.count)), isDistinct: isDistinct,
      filter: filter == nil ? nil : children.last, name: name, written: written,
      ordering: ordering)
  }
}

/// A function over a window of rows (batch only).
public struct WindowCall: Sendable {
  public let function: WindowFunction
  public let arguments: [Expression]
  public let partition: [Expression]
  public let order: [SortKey]
  public let frame: WindowFrame
  /// Of an aggregate: the rows of a frame that count.
  public let filter: Expression?
  /// LAG, LEAD and NTH_VALUE pass over rows where the value is NULL.
  public let ignoresNulls: Bool
  /// As it was called: `first_value` for `first`.
  public let name: String?

  public init(
    _ function: WindowFunction, _ arguments: [Expression], partition: [Expression],
    order: [SortKey], frame: WindowFrame, filter: Expression? = nil, ignoresNulls: Bool = false,
    name: String? = nil
  ) {
    self.function = function
    self.arguments = arguments
    self.partition = partition
    self.order = order
    self.frame = frame
    self.filter = filter
    self.ignoresNulls = ignoresNulls
    self.name = name
  }

  func with(children: [Expression]) -> WindowCall {
    let (a, p, o) = (arguments.count, partition.count, order.count)
    return WindowCall(
      function, Array(children[..<a]), partition: Array(children[a..<(a + p)]),
      order: zip(order, children[(a + p)..<(a + p + o)]).map { SortKey($1, $0.order) },
      frame: frame, filter: filter == nil ? nil : children.last, ignoresNulls: ignoresNulls,
      name: name)
  }
}

/// What is computed over a window.
public enum WindowFunction: Sendable {
  case aggregate(any AggregateFunction)
  case rowNumber, rank, denseRank, percentRank, cumulativeDistribution
  case ntile
  /// Arguments: value, offset, default.
  case lag, lead
  case firstValue, lastValue, nthValue
}
