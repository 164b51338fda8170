import Columns
import Contract

/// Turns unresolved trees into typed expressions over the columns of a scope.
public struct ExpressionResolver: Sendable {
  public let scope: any Scope
  /// The columns of the query around this one.
  private let outer: (any Scope)?
  public let functions: FunctionCatalog
  public let session: ExpressionSession
  /// What `:name` stands for.
  public let parameters: [String: Expression]
  /// Lambda parameters in scope, the innermost last.
  private var variables: [Attribute] = []
  /// Whether it resolves a condition, where no function that makes rows may stand at all.
  private var isCondition = false

  public init(
    scope: any Scope, outer: (any Scope)? = nil, functions: FunctionCatalog,
    session: ExpressionSession = ExpressionSession(), parameters: [String: Expression] = [:]
  ) {
    self.scope = scope
    self.outer = outer
    self.functions = functions
    self.session = session
    self.parameters = parameters
  }

  /// The same for the condition of a filter or a join.
  public var forConditions: ExpressionResolver {
    var copy = self
    copy.isCondition = true
    return copy
  }

  /// The typed expression. Stars are for lists (`resolveList`) and for `count(*)`.
  public func resolve(_ unresolved: UnresolvedExpression) throws -> Expression {
    if unresolved.height > UnresolvedExpression.heightLimit {
      throw Failure(
        "PARSE_SYNTAX_ERROR",
        "the expression nests deeper than \(UnresolvedExpression.heightLimit) levels",
        origin: unresolved.origin)
    }
    return try withOrigin(unresolved.origin) { try resolveNode(unresolved) }
  }

  private func resolveNode(_ unresolved: UnresolvedExpression) throws -> Expression {
    // Long sums and conditions are deep trees of calls: they spare themselves the frame of the
    // function that knows every node.
    guard case .call(let name, let arguments, let isDistinct, let filter) = unresolved.node else {
      return try resolveOther(unresolved)
    }
    let call = try resolveCall(
      name, arguments, isDistinct: isDistinct, filter: filter, unresolved.origin)
    guard case .window = call.kind else { return call }
    throw Failure(
      "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "`\(name)` needs a window: `:over(…)`",
      origin: unresolved.origin)
  }

  @inline(never)
  private func resolveOther(_ unresolved: UnresolvedExpression) throws -> Expression {
    let origin = unresolved.origin
    switch unresolved.node {
    case .call: return try resolveNode(unresolved)
    case .name(let parts): return try resolveName(parts, origin)
    case .column(let plan, let name):
      return .attribute(try scope.column(ofPlan: plan, name: name), origin: origin)
    case .star, .starExcept:
      throw Failure(
        "INVALID_USAGE_OF_STAR_OR_REGEX", "`*` cannot stand inside an expression", origin: origin)
    case .literal(let value, let type): return .literal(value, type, origin: origin)
    case .cast(let child, let type, let isTry):
      return try cast(child, to: type, isTry: isTry, origin)
    case .alias(let child, let names):
      let inner = try resolveNode(child)
      guard names.count == 1 else {
        throw Failure(
          "NUM_TABLE_VALUE_ALIASES_MISMATCH",
          "several names are only for a function that makes several columns", origin: origin)
      }
      return named(inner, names[0], origin)
    case .extract(let child, let key):
      return try extract(resolveNode(child), resolveNode(key), origin, session: session)
    case .lambda:
      throw Failure(
        "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION",
        "a lambda is only for the functions that take one", origin: origin)
    case .userFunction(let function, let arguments):
      return try userCall(function, arguments, origin)
    case .sort:
      throw Failure(
        "UNSUPPORTED_FEATURE.ORDER_IN_EXPRESSION", "an order (asc, desc) is only for sort keys",
        origin: origin)
    case .over(let call, let window): return try resolveWindow(call, window, origin)
    case .argument(let name, _):
      throw Failure(
        "PARSE_SYNTAX_ERROR", "`\(name) =>` is only for the arguments of a function",
        origin: origin)
    case .subquery:
      throw Failure(
        "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_TABLE_ARGUMENT",
        "a query cannot stand inside this expression",
        hint: "Compute it in a column of its own first.", origin: origin)
    case .parameter(let name):
      guard let value = parameters[name] else {
        throw Failure(
          "UNBOUND_SQL_PARAMETER", "no value was given for the parameter `:\(name)`",
          hint: Suggestion.sentence(for: name, among: Array(parameters.keys)), origin: origin)
      }
      return value
    }
  }

  private func cast(
    _ child: UnresolvedExpression, to type: DataType, isTry: Bool, _ origin: Origin?
  ) throws -> Expression {
    let cast = try resolveNode(child).cast(to: type, isTry: isTry)
    return Expression(cast.kind, cast.type, isNullable: cast.isNullable, origin: origin)
  }

  /// An alias: a new column, which keeps the watermark of a column that it merely renames.
  private func named(_ inner: Expression, _ name: String, _ origin: Origin?) -> Expression {
    let attribute = Attribute(
      name, inner.type, isNullable: inner.isNullable, watermarkDelayUs: inner.watermarkDelayUs)
    return Expression(
      .alias(inner, attribute), inner.type, isNullable: inner.isNullable, origin: origin)
  }

  // MARK: Names

  /// Functions that SQL calls without brackets.
  private static let bareFunctions: Set<String> = [
    "current_date", "current_timestamp", "localtimestamp", "current_user", "user", "session_user",
    "current_time", "current_timezone", "current_catalog", "current_database", "current_schema",
  ]

  private func resolveName(_ parts: [String], _ origin: Origin?) throws -> Expression {
    if let variable = variables.last(where: { $0.name.lowercased() == parts[0].lowercased() }) {
      return try fields(parts.dropFirst(), of: .attribute(variable, origin: origin), origin)
    }
    if let (column, taken) = try scope.lookup(
      parts, isCaseSensitive: session.isCaseSensitive, origin: origin)
    {
      return try fields(parts.dropFirst(taken), of: .attribute(column, origin: origin), origin)
    }
    if let (column, taken) = try outer?.lookup(
      parts, isCaseSensitive: session.isCaseSensitive, origin: origin)
    {
      return try fields(parts.dropFirst(taken), of: .attribute(column, origin: origin), origin)
    }
    let bare = parts[0].lowercased()
    if parts.count == 1, Self.bareFunctions.contains(bare), functions[bare] != nil {
      return try resolveCall(parts[0], [], isDistinct: false, filter: nil, origin)
    }
    throw unresolvedColumn(parts, columns: scope.columns, origin: origin)
  }

  /// Whether a column is one of the query around this one.
  func isOuter(_ column: Attribute) -> Bool { outer?.columns.contains(column) ?? false }

  /// Whether a name with these parts is a column here, or a function that goes without brackets.
  public func knows(_ parts: [String]) -> Bool {
    let bare = parts[0].lowercased()
    if parts.count == 1, Self.bareFunctions.contains(bare), functions[bare] != nil { return true }
    do {
      let isCaseSensitive = session.isCaseSensitive
      return try scope.lookup(parts, isCaseSensitive: isCaseSensitive, origin: nil) != nil
        || outer?.lookup(parts, isCaseSensitive: isCaseSensitive, origin: nil) != nil
    } catch {
      // Ambiguous: resolving it says so.
      return true
    }
  }

  private func fields(
    _ names: ArraySlice<String>, of base: Expression, _ origin: Origin?
  ) throws -> Expression {
    try names.reduce(base) {
      try extract($0, .literal(.text($1), .string), origin, session: session)
    }
  }

  // MARK: Calls

  func resolveCall(
    _ name: String, _ arguments: [UnresolvedExpression], isDistinct: Bool,
    filter: UnresolvedExpression?, _ origin: Origin?
  ) throws -> Expression {
    if let function = functions.userFunction(name) {
      return try userCall(function, arguments, origin)
    }
    let function = try function(
      name, count: arguments.count, isDistinct: isDistinct, hasFilter: filter != nil, origin)
    let ordering = try OrderedSet.keys(arguments, of: function.spec.name) { try sortKey($0) }
    var unresolved: [UnresolvedExpression] = []
    var resolved: [Expression] = []
    for argument in try positional(arguments, of: function.spec, origin) {
      if case .sort = argument.node { continue }
      let made = try resolveArgument(argument, of: name)
      resolved += made
      unresolved += made.map { _ in argument }
    }
    try refuseGenerators(resolved, of: name, origin)
    let (resolver, written) = (self, unresolved)
    let call = FunctionCall(
      name: name, arguments: resolved, isDistinct: isDistinct,
      filter: try filter.map { try condition($0) }, ordering: ordering, origin: origin,
      session: session
    ) { index, parameters in
      guard index < written.count, case .lambda(let names, let body) = written[index].node
      else { return nil }
      return try resolver.lambda(names, body, parameters, of: name, written[index].origin)
    }
    let bound = try withOrigin(origin) { try function.bind(call) }
    try refuseLambdas(resolved, in: bound, of: name, origin)
    let named = bound.writingOut(resolved, name: name)
    return ordering.isEmpty
      ? named : named.within(ordering, function.spec.name, written: resolved)
  }

  /// A function that makes rows stands alone in a list of columns.
  @inline(never)
  private func refuseGenerators(
    _ arguments: [Expression], of name: String, _ origin: Origin?
  ) throws {
    for argument in arguments {
      guard case .generator = argument.kind else { continue }
      throw Failure(
        isCondition
          ? "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT"
          : "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
        "`\(argument.sqlText)` makes rows, so it cannot stand inside `\(name)`",
        hint: "Select it alone first, under a name.", origin: argument.origin ?? origin)
    }
  }

  // What `resolveCall` checks stands apart: a deep tree puts the frame of that function on the
  // stack once a level.

  /// The function that a call means, and may be called so.
  @inline(never)
  private func function(
    _ name: String, count: Int, isDistinct: Bool, hasFilter: Bool, _ origin: Origin?
  ) throws -> FunctionSpec {
    // The sign before one operand has a name of its own, under which it is also a function.
    let isSign = name == "-" && count == 1
    guard let function = functions[isSign ? "negative" : name] else {
      if ["grouping", "grouping_id"].contains(name.lowercased()) {
        throw Failure(
          "UNSUPPORTED_GROUPING_EXPRESSION",
          "`\(name)` is only possible with ROLLUP, CUBE and GROUPING SETS", origin: origin)
      }
      throw RefusedFunctions.failure(name, origin: origin)
        ?? unresolvedRoutine(name, among: functions.names, origin: origin)
    }
    let isAggregate = function.spec.kind == .aggregate
    if (isDistinct || hasFilter) && !isAggregate {
      throw Failure(
        "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
        "the function `\(name)` does not support \(isDistinct ? "DISTINCT" : "FILTER")",
        origin: origin)
    }
    return function
  }

  @inline(never)
  private func refuseLambdas(
    _ arguments: [Expression], in bound: Expression, of name: String, _ origin: Origin?
  ) throws {
    // A function that takes lambdas has put their bodies in the place of these.
    let lambdas = arguments.filter { if case .lambda = $0.kind { true } else { false } }
    if bound.children.contains(where: { child in lambdas.contains { $0 === child } }) {
      throw Failure(
        "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION",
        "`\(name)` takes no lambda", origin: origin)
    }
  }

  /// One argument; several for a star. `count(*)` counts rows.
  private func resolveArgument(
    _ argument: UnresolvedExpression, of name: String
  ) throws -> [Expression] {
    switch argument.node {
    // A lambda's parameters get their types from the function that takes it.
    case .lambda(let names, _):
      let untyped = names.map { Attribute($0, .null) }
      return [Expression(.lambda(untyped, .literal(.null, .null)), .null, origin: argument.origin)]
    case .star([]) where name.lowercased() == "count":
      return [.literal(.integer(1), .int, origin: argument.origin)]
    case .star(let parts):
      if name.lowercased() == "count" {
        throw Failure(
          "INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT",
          "`count(\(parts.joined(separator: ".")).*)` is not possible",
          hint: "`count(*)` counts rows.", origin: argument.origin)
      }
      // A struct made of a star keeps the names.
      return try star(parts, argument.origin).map { column in
        if case .attribute = column.expression.kind { return column.expression }
        return named(column.expression, column.name, argument.origin)
      }
    default: return [try resolveNode(argument)]
    }
  }

  private func condition(_ unresolved: UnresolvedExpression) throws -> Expression {
    let condition = try resolveNode(unresolved)
    guard condition.type == .boolean else {
      throw Failure(
        "INVALID_AGGREGATE_FILTER.NOT_BOOLEAN",
        "the condition of FILTER must be \"BOOLEAN\", but `\(condition.sqlText)` has the type "
          + "\"\(condition.type)\"", origin: unresolved.origin)
    }
    return condition
  }

  private func userCall(
    _ function: any UserFunction, _ arguments: [UnresolvedExpression], _ origin: Origin?
  ) throws -> Expression {
    let arguments = try arguments.map { try resolveNode($0) }
    let kind: Expression.Kind =
      function.aggregate.map { .aggregate(AggregateCall($0, arguments)) }
      ?? .userFunction(function, arguments)
    return Expression(kind, function.returnType, isNullable: true, origin: origin)
  }

  private func isSame(_ name: String, _ other: String) -> Bool {
    session.isCaseSensitive ? name == other : name.lowercased() == other.lowercased()
  }

  private func lambda(
    _ names: [String], _ body: UnresolvedExpression, _ parameters: [Field], of function: String,
    _ origin: Origin?
  ) throws -> Expression {
    if let twice = names.indices.first(where: { index in
      names[..<index].contains { isSame($0, names[index]) }
    }) {
      throw Failure(
        "INVALID_LAMBDA_FUNCTION_CALL.DUPLICATE_ARG_NAMES",
        "the lambda of `\(function)` has two parameters `\(names[twice])`", origin: origin)
    }
    guard names.count == parameters.count else {
      throw Failure(
        "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
        "the lambda of `\(function)` has \(names.count) parameters, but is called with "
          + "\(parameters.count)", origin: origin)
    }
    let attributes = zip(names, parameters).map {
      Attribute($0, $1.type, isNullable: $1.isNullable)
    }
    var inner = self
    inner.variables += attributes
    let resolved = try inner.resolveNode(body)
    return Expression(
      .lambda(attributes, resolved), resolved.type, isNullable: resolved.isNullable, origin: origin)
  }
}

extension Expression {
  /// The watermark's delay where this is an event-time column, plain or renamed.
  public var watermarkDelayUs: Int64? {
    switch kind {
    case .attribute(let attribute): attribute.watermarkDelayUs
    case .alias(_, let attribute): attribute.watermarkDelayUs
    default: nil
    }
  }
}
