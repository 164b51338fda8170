import Columns
import Contract
import Expressions

/// How one operation of an `UnresolvedPlan` becomes an analysed node.
public struct OperatorSpec: Sendable {
  /// As `UnresolvedPlan.name`.
  public let name: String
  public let build: @Sendable (OperatorCall) throws -> any PlanNode

  public init(_ name: String, build: @escaping @Sendable (OperatorCall) throws -> any PlanNode) {
    self.name = name
    self.build = build
  }
}

/// The operations that a session knows. A value: the SQL room and the session add their own.
public struct OperatorCatalog: Sendable {
  private var byName: [String: OperatorSpec] = [:]

  /// Two operations of one name are a bug.
  public init(_ operators: [OperatorSpec]) { add(operators) }

  public mutating func add(_ operators: [OperatorSpec]) {
    for one in operators {
      precondition(byName[one.name] == nil, "two operations are called \(one.name)")
      byName[one.name] = one
    }
  }

  public subscript(name: String) -> OperatorSpec? { byName[name] }
}

/// An operation about to be built: its inputs are analysed, its arguments as the user gave them.
public struct OperatorCall: Sendable {
  public let plan: UnresolvedPlan
  public let children: [AnalyzedPlan]
  public let analyzer: Analyzer

  public var origin: Origin? { plan.origin }
  /// The first input.
  public var child: any PlanNode { children[0].node }

  /// A resolver of expressions over the first input.
  public var resolver: ExpressionResolver { analyzer.resolver(children[0].scope) }

  private func missing(_ name: String, _ kind: String) -> Never {
    preconditionFailure("the operation \(plan.name) was built without its \(kind) `\(name)`")
  }

  public func has(_ name: String) -> Bool { plan.arguments[name] != nil }

  public func text(_ name: String) -> String {
    guard case .text(let value)? = plan.arguments[name] else { missing(name, "text") }
    return value
  }

  public func integer(_ name: String) -> Int64 {
    guard case .integer(let value)? = plan.arguments[name] else { missing(name, "integer") }
    return value
  }

  /// A number, written with or without a point.
  public func number(_ name: String) -> Double {
    switch plan.arguments[name] {
    case .number(let value)?: return value
    case .integer(let value)?: return Double(value)
    default: missing(name, "number")
    }
  }

  public func boolean(_ name: String) -> Bool {
    guard case .boolean(let value)? = plan.arguments[name] else { missing(name, "boolean") }
    return value
  }

  public func expression(_ name: String) -> UnresolvedExpression {
    guard case .expression(let value)? = plan.arguments[name] else { missing(name, "expression") }
    return value
  }

  /// A list of expressions; one that is absent is empty.
  public func expressions(_ name: String) -> [UnresolvedExpression] {
    list(name).map { argument in
      guard case .expression(let value) = argument else { missing(name, "expressions") }
      return value
    }
  }

  /// A list of texts; one that is absent is empty.
  public func texts(_ name: String) -> [String] {
    list(name).map { argument in
      guard case .text(let value) = argument else { missing(name, "texts") }
      return value
    }
  }

  public func list(_ name: String) -> [PlanArgument] {
    switch plan.arguments[name] {
    case nil: return []
    case .list(let values)?: return values
    default: missing(name, "list")
    }
  }

  /// A schema, given as a struct type.
  public func schema(_ name: String) -> Schema {
    guard case .type(.structure(let fields))? = plan.arguments[name] else {
      missing(name, "schema")
    }
    return Schema(fields)
  }

  public func rowFunction(_ name: String) -> any UserRowFunction {
    guard case .function(let function)? = plan.arguments[name] else { missing(name, "function") }
    return function
  }

  public func host(_ name: String) -> (any Sendable)? {
    guard case .host(let thing)? = plan.arguments[name] else { return nil }
    return thing
  }
}
