import Columns
import Contract
import Expressions
import Plan

/// Reads a query's text into the same unresolved tree that the Lua reader makes. Tables stay
/// `table` nodes, which the caller replaces by the views it knows.
///
///     [WITH name AS (query), …] select {UNION | EXCEPT | INTERSECT select} [ORDER BY …] [LIMIT n]
///     query |> operator |> …
///     SHOW … | DESCRIBE …
///
/// The last give the nodes `showTables`, `showColumns` and `describeTable`, for the session to
/// answer. What changes the session (`CREATE TEMP VIEW`, `SET`) is a `SQLCommand`.
public struct QueryParser {
  var tokens: ExpressionParser
  let origin: Origin?
  /// `WITH` names in scope, lower-cased, innermost last.
  var commonTables: [String: UnresolvedPlan] = [:] { didSet { shareWithExpressions() } }
  private var depth: Int

  /// How deep sub-queries may nest.
  static let depthLimit = 64

  /// Parses a statement. `named` and `listed` are the values of `:name` and `?`.
  public static func parse(
    _ text: String, named: [String: UnresolvedExpression] = [:],
    listed: [UnresolvedExpression] = [], timeZoneId: String = "UTC", origin: Origin? = nil
  ) throws -> UnresolvedPlan {
    var parser = try QueryParser(text, timeZoneId: timeZoneId, origin: origin)
    let plan = try parser.statement()
    try parser.expectEnd()
    return try Parameters(named: named, listed: listed).filling(plan)
  }

  /// Parses an expression, which may hold queries, with an alias or a star: `F.expr`.
  public static func expression(
    _ text: String, timeZoneId: String = "UTC", origin: Origin? = nil
  ) throws -> UnresolvedExpression {
    let tokens = try ExpressionParser(text, timeZoneId: timeZoneId, origin: origin)
    if tokens.peek.kind == .end {
      throw Failure(
        "PARSE_EMPTY_STATEMENT", "an expression is expected, and the text is empty", origin: origin)
    }
    var parser = QueryParser(tokens, depth: 0, origin: origin)
    let expression = try parser.tokens.namedExpression()
    try parser.tokens.expectEnd()
    return expression
  }

  init(_ text: String, timeZoneId: String, origin: Origin?) throws {
    let tokens = try ExpressionParser(text, timeZoneId: timeZoneId, origin: origin)
    if tokens.peek.kind == .end {
      throw Failure(
        "PARSE_EMPTY_STATEMENT", "a query is expected, and the text is empty", origin: origin)
    }
    self.init(tokens, depth: 0, origin: origin)
  }

  init(_ tokens: ExpressionParser, depth: Int, origin: Origin?) {
    self.tokens = tokens
    self.depth = depth
    self.origin = origin
    shareWithExpressions()
  }

  private mutating func shareWithExpressions() {
    tokens.subqueries = QueryReader(commonTables: commonTables, depth: depth, origin: origin)
  }

  mutating func expectEnd() throws {
    _ = tokens.take(sign: ";")
    try tokens.expectEnd()
  }

  /// A whole query with its WITH, ORDER BY and LIMIT, and the pipe operators behind it.
  mutating func query() throws -> UnresolvedPlan {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw tokens.unexpected("sub-queries nest deeper than \(Self.depthLimit) levels")
    }
    let outer = commonTables
    defer { commonTables = outer }
    shareWithExpressions()
    var named: [UnresolvedPlan] = []
    if tokens.take("WITH") {
      let isRecursive =
        tokens.peek.isWord("RECURSIVE")
        && (tokens.peek(1).kind == .word || tokens.peek(1).isQuoted)
      if isRecursive { tokens.advance() }
      var names = Set<String>()
      repeat {
        let name = try commonTable(isRecursive: isRecursive)
        if let query = commonTables[name.lowercased()] { named.append(query) }
        guard names.insert(name.lowercased()).inserted else {
          throw Failure(
            "DUPLICATED_CTE_NAMES", "two queries of one WITH are called `\(name)`", origin: origin)
        }
      } while tokens.take(sign: ",")
    }
    let body = try setOperations()
    var plan = try ordered(body)
    while tokens.take(sign: "|>") { plan = try piped(plan) }
    let unused = named.filter { query in !plan.contains { $0.id == query.id } }
    return unused.isEmpty ? plan : node("withUnused", [plan] + unused)
  }

  /// `name [(columns)] [MAX RECURSION LEVEL n] [AS] (query)`
  private mutating func commonTable(isRecursive: Bool) throws -> String {
    let name = try tokens.identifier()
    let columns = try columnNames()
    var levelLimit: Int64?
    if tokens.take("MAX", "RECURSION", "LEVEL") {
      guard case .literal(.integer(let limit), _) = try tokens.expression().node else {
        throw tokens.unexpected("a whole number is expected")
      }
      levelLimit = limit
    }
    _ = tokens.take("AS")
    try tokens.expect(sign: "(")
    let key = Int64(QueryNodeId.next())
    if isRecursive {
      let arguments: [String: PlanArgument] = ["key": .integer(key), "columns": texts(columns)]
      let reference = node("recursionReference", arguments)
      commonTables[name.lowercased()] = node("alias", [reference], ["name": .text(name)])
    }
    var plan = try query()
    try tokens.expect(sign: ")")
    if isRecursive { plan = try recursion(plan, key, levelLimit) }
    if !columns.isEmpty { plan = node("toDF", [plan], ["names": texts(columns)]) }
    commonTables[name.lowercased()] = node("alias", [plan], ["name": .text(name)])
    return name
  }

  /// The query of a `WITH RECURSIVE`, where it does name itself.
  private func recursion(
    _ plan: UnresolvedPlan, _ key: Int64, _ levelLimit: Int64?
  ) throws -> UnresolvedPlan {
    guard plan.refers(toRecursion: key) else { return plan }
    if plan.name == "deduplicate", plan.inputs[0].name == "union" {
      throw Failure(
        "UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE",
        "a recursive query joins its two parts with UNION ALL, not UNION",
        hint: "Take the rows once outside: SELECT DISTINCT.", origin: origin)
    }
    guard plan.name == "union", !plan.inputs[0].refers(toRecursion: key) else {
      throw Failure(
        "INVALID_RECURSIVE_CTE",
        "a recursive query is a first query that does not name it, UNION ALL, and one that does",
        origin: origin)
    }
    let step = make(.subquery(Subquery(.exists, query: plan.inputs[1])))
    var arguments: [String: PlanArgument] = ["key": .integer(key), "step": .expression(step)]
    if let levelLimit { arguments["levelLimit"] = .integer(levelLimit) }
    return node("recursion", [plan.inputs[0]], arguments)
  }

  // MARK: Set operations

  /// UNION and EXCEPT from left to right; INTERSECT binds tighter.
  private mutating func setOperations() throws -> Select {
    var left = try intersections()
    while true {
      let isUnion = tokens.take("UNION")
      guard isUnion || tokens.take("EXCEPT") || tokens.take("MINUS") else { return left }
      let isAll = try quantifier()
      let right = try finished(try intersections())
      let inputs = [try finished(left), right]
      if isUnion {
        let union = node("union", inputs)
        left = Select(plan: isAll ? union : node("deduplicate", [union]))
      } else {
        left = Select(plan: node("except", inputs, ["all": .boolean(isAll)]))
      }
    }
  }

  private mutating func intersections() throws -> Select {
    var left = try operand()
    while tokens.take("INTERSECT") {
      let isAll = try quantifier()
      let inputs = [try finished(left), try finished(try operand())]
      left = Select(plan: node("intersect", inputs, ["all": .boolean(isAll)]))
    }
    return left
  }

  /// `ALL` or `DISTINCT`, the default.
  private mutating func quantifier() throws -> Bool {
    if tokens.take("ALL") { return true }
    _ = tokens.take("DISTINCT")
    return false
  }

  private mutating func operand() throws -> Select {
    if tokens.peek.isSign("(") {
      tokens.advance()
      let plan = try query()
      try tokens.expect(sign: ")")
      return Select(plan: plan)
    }
    if tokens.peek.isWord("VALUES") { return Select(plan: try inlineTable()) }
    if tokens.take("TABLE") { return Select(plan: try namedTable(try tableName())) }
    if tokens.take("FROM") {
      let input = try relations()
      guard tokens.peek.isWord("SELECT") else { return Select(plan: input) }
      return try select(from: input)
    }
    return try select(from: nil)
  }

  // MARK: Order and limit

  private mutating func ordered(_ body: Select) throws -> UnresolvedPlan {
    var select = body
    var all: UnresolvedExpression?
    if tokens.take("ORDER", "BY") || tokens.take("SORT", "BY") {
      let keys = try sortKeys()
      if keys.count == 1, isAll(keys[0]) { all = keys[0] } else { select.order = keys }
    } else if tokens.take("CLUSTER", "BY") || tokens.take("DISTRIBUTE", "BY") {
      // One process: how rows are spread over partitions changes no result.
      repeat { _ = try tokens.expression() } while tokens.take(sign: ",")
    }
    if tokens.take("WINDOW") { try windows(of: &select) }
    var plan = try finished(select)
    if let all { plan = node("sortAll", [plan], ["order": .expression(all)]) }
    return try limited(plan)
  }

  /// `ALL` as the only key to sort by.
  func isAll(_ key: UnresolvedExpression) -> Bool {
    guard case .sort(let expression, _) = key.node, case .name(let parts) = expression.node else {
      return false
    }
    return parts.count == 1 && parts[0].uppercased() == "ALL"
  }

  mutating func sortKeys() throws -> [UnresolvedExpression] {
    var keys: [UnresolvedExpression] = []
    repeat { keys.append(try tokens.sortItem()) } while tokens.take(sign: ",")
    return keys
  }

  /// `LIMIT n OFFSET m`, either or none; what is skipped is skipped before what is counted.
  mutating func limited(_ plan: UnresolvedPlan) throws -> UnresolvedPlan {
    var limit: UnresolvedExpression?
    if tokens.take("LIMIT"), !tokens.take("ALL") { limit = try tokens.expression() }
    var plan = plan
    if tokens.take("OFFSET") {
      plan = node("offset", [plan], ["value": .expression(try tokens.expression())])
    }
    if let limit { plan = node("limit", [plan], ["value": .expression(limit)]) }
    return plan
  }

  // MARK: Pieces

  /// A name with an optional qualifier, which belongs to the name of a table here.
  mutating func tableName() throws -> String {
    var name = try tokens.identifier()
    while tokens.take(sign: ".") { name += "." + (try tokens.identifier()) }
    return name
  }

  /// `(a, b)`, or nothing.
  mutating func columnNames() throws -> [String] {
    guard tokens.take(sign: "(") else { return [] }
    var names: [String] = []
    repeat { names.append(try tokens.identifier()) } while tokens.take(sign: ",")
    try tokens.expect(sign: ")")
    return names
  }

  func node(
    _ name: String, _ inputs: [UnresolvedPlan] = [], _ arguments: [String: PlanArgument] = [:]
  ) -> UnresolvedPlan {
    UnresolvedPlan(
      id: QueryNodeId.next(), name: name, inputs: inputs, arguments: arguments, origin: origin)
  }

  func node(_ name: String, _ arguments: [String: PlanArgument]) -> UnresolvedPlan {
    node(name, [], arguments)
  }

  func expressions(_ list: [UnresolvedExpression]) -> PlanArgument {
    .list(list.map { .expression($0) })
  }

  func texts(_ list: [String]) -> PlanArgument { .list(list.map { .text($0) }) }

  func make(_ node: UnresolvedExpression.Node) -> UnresolvedExpression {
    UnresolvedExpression(node, origin: origin)
  }

  func unsupported(_ condition: String, _ what: String, hint: String? = nil) -> Failure {
    Failure(
      "UNSUPPORTED_FEATURE.\(condition)", "\(what) is not supported", hint: hint, origin: origin)
  }
}

/// Reads the queries inside expressions, which see the WITH names around them.
struct QueryReader: SubqueryReader {
  let commonTables: [String: UnresolvedPlan]
  let depth: Int
  let origin: Origin?

  func query(_ tokens: inout ExpressionParser) throws -> any UnresolvedQuery {
    let around = tokens.subqueries
    var parser = QueryParser(tokens, depth: depth, origin: origin)
    parser.commonTables = commonTables
    let plan = try parser.query()
    tokens = parser.tokens
    tokens.subqueries = around
    return plan
  }
}
