import Columns
import Contract
import Expressions
import Plan

/// Reads a query's text into the same unresolved tree that the Lua reader makes. Tables stay
/// `table`
/// nodes, which the caller replaces by the views it knows.
///
///     [WITH name AS (query), …] select {UNION | EXCEPT | INTERSECT select} [ORDER BY …] [LIMIT n]
///     SHOW TABLES | DESCRIBE name
///
/// The last two give the nodes `showTables` and `describeTable` (`name`), for the session to
/// answer.
public struct QueryParser {
  var tokens: ExpressionParser
  let origin: Origin?
  /// `WITH` names in scope, lower-cased, innermost last.
  var commonTables: [String: UnresolvedPlan] = [:]
  private var depth = 0

  /// How deep sub-queries may nest.
  static let depthLimit = 64

  /// Parses a statement. `named` and `listed` are the values of `:name` and `?`.
  public static func parse(
    _ text: String, named: [String: UnresolvedExpression] = [:],
    listed: [UnresolvedExpression] = [], timeZoneId: String = "UTC", origin: Origin? = nil
  ) throws -> UnresolvedPlan {
    var parser = QueryParser(
      tokens: try ExpressionParser(text, timeZoneId: timeZoneId, origin: origin), origin: origin)
    if parser.tokens.peek.kind == .end {
      throw Failure("PARSE_EMPTY_STATEMENT", "a query is expected, and the text is empty")
    }
    let plan = try parser.statement()
    _ = parser.tokens.take(sign: ";")
    try parser.tokens.expectEnd()
    return try Parameters(named: named, listed: listed).filling(plan)
  }

  private init(tokens: ExpressionParser, origin: Origin?) {
    self.tokens = tokens
    self.origin = origin
  }

  private mutating func statement() throws -> UnresolvedPlan {
    if tokens.take("SHOW", "TABLES") { return node("showTables") }
    if tokens.take("DESCRIBE") || tokens.take("DESC") {
      _ = tokens.take("TABLE")
      return node("describeTable", ["name": .text(try tableName())])
    }
    return try query()
  }

  /// A whole query with its WITH, ORDER BY and LIMIT.
  mutating func query() throws -> UnresolvedPlan {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw tokens.unexpected("sub-queries nest deeper than \(Self.depthLimit) levels")
    }
    let outer = commonTables
    defer { commonTables = outer }
    if tokens.take("WITH") {
      repeat { try commonTable() } while tokens.take(sign: ",")
    }
    let body = try setOperations()
    return try ordered(body)
  }

  /// `name [(columns)] AS (query)`
  private mutating func commonTable() throws {
    let name = try tokens.identifier()
    let columns = try columnNames()
    try tokens.expect("AS")
    try tokens.expect(sign: "(")
    var plan = try query()
    try tokens.expect(sign: ")")
    if !columns.isEmpty { plan = node("toDF", [plan], ["names": texts(columns)]) }
    commonTables[name.lowercased()] = node("alias", [plan], ["name": .text(name)])
  }

  // MARK: Set operations

  /// UNION and EXCEPT from left to right; INTERSECT binds tighter.
  private mutating func setOperations() throws -> Select {
    var left = try intersections()
    while true {
      let isUnion = tokens.take("UNION")
      guard isUnion || tokens.take("EXCEPT") || tokens.take("MINUS") else { return left }
      let isAll = try quantifier()
      let right = finished(try intersections())
      let inputs = [finished(left), right]
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
      let inputs = [finished(left), finished(try operand())]
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
    return try select()
  }

  // MARK: Order and limit

  private mutating func ordered(_ body: Select) throws -> UnresolvedPlan {
    var select = body
    if tokens.take("ORDER", "BY") || tokens.take("SORT", "BY") {
      var keys: [UnresolvedExpression] = []
      repeat { keys.append(try tokens.sortItem()) } while tokens.take(sign: ",")
      select.order = try keys.map { try select.orderKey($0) }
    }
    var plan = finished(select)
    if tokens.take("LIMIT"), !tokens.take("ALL") {
      plan = node("limit", [plan], ["count": .integer(try count("LIMIT"))])
    }
    if tokens.take("OFFSET") {
      throw Failure(
        "UNSUPPORTED_FEATURE.OFFSET", "OFFSET is not supported",
        hint: "Number the rows with row_number() and filter.", origin: origin)
    }
    return plan
  }

  private mutating func count(_ clause: String) throws -> Int64 {
    guard case .literal(.integer(let count), _) = try tokens.expression().node, count >= 0 else {
      throw Failure(
        "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
        "\(clause) takes a whole number that is not negative", origin: origin)
    }
    return count
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
}
