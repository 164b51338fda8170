import Columns
import Contract
import Expressions

/// A plan with its names and types settled, and where the columns of the DataFrames below are.
public struct AnalyzedPlan: Sendable {
  public let node: any PlanNode
  /// By a DataFrame's id: its columns as attributes of this plan. Several lists where that
  /// DataFrame
  /// is joined with itself.
  public let columnsOfPlan: [Int: [[Attribute]]]
  /// Columns that analysis added: a star does not mean them, and no name finds them.
  public let made: [Attribute]
  /// Those of them that a qualified name finds.
  public let qualified: [Attribute]

  public init(
    _ node: any PlanNode, columnsOfPlan: [Int: [[Attribute]]] = [:], made: [Attribute] = [],
    qualified: [Attribute] = []
  ) {
    self.qualified = qualified
    self.node = node
    self.columnsOfPlan = columnsOfPlan
    self.made = made
  }

  /// What expressions over this plan see.
  public var scope: PlanScope {
    let own = made.isEmpty ? node.output : node.output.filter { !made.contains($0) }
    return PlanScope(
      columns: own, hidden: made, qualified: qualified, columnsOfPlan: columnsOfPlan)
  }

  /// With the keys that a join by names left out, for qualified names.
  public var withQualifiedKeys: AnalyzedPlan {
    func keys(_ node: any PlanNode) -> [Attribute] {
      if let project = node as? Project { return project.qualifiedBelow }
      return (node as? Filter).map { keys($0.child) } ?? []
    }
    let found = keys(node)
    guard !found.isEmpty, let exposing = node as? any ExposesColumns else { return self }
    return AnalyzedPlan(
      exposing.exposing(found), columnsOfPlan: columnsOfPlan, made: made + found,
      qualified: found)
  }
}

/// The columns of one or two inputs, also by the DataFrame that they came from.
public struct PlanScope: Scope {
  public let columns: [Attribute]
  /// Columns below a projection that has left them out: `orderBy` and `where` may still name them.
  public let hidden: [Attribute]
  public let qualified: [Attribute]
  public let columnsOfPlan: [Int: [[Attribute]]]

  public init(
    columns: [Attribute], hidden: [Attribute] = [], qualified: [Attribute] = [],
    columnsOfPlan: [Int: [[Attribute]]] = [:]
  ) {
    self.qualified = qualified
    self.columns = columns
    self.hidden = hidden
    self.columnsOfPlan = columnsOfPlan
  }

  public func column(ofPlan id: Int, name: String) throws -> Attribute {
    let lists = columnsOfPlan[id] ?? []
    let wanted = name.lowercased()
    let named = lists.map { $0.filter { $0.name.lowercased() == wanted } }
    if let own = named.first(where: { $0.count > 1 }) {
      throw Self.ambiguous(name, own)
    }
    let visible = columns + hidden
    let found = Set(named.compactMap(\.first)).compactMap { wanted in
      visible.first { $0 == wanted }
    }
    if found.count == 1 { return found[0] }
    if found.count > 1 {
      throw Failure(
        "AMBIGUOUS_COLUMN_REFERENCE",
        "the column `\(name)` is ambiguous, since its DataFrame stands on both sides of a join",
        hint: "Give each side a name with `df:alias(…)` and write `F.col \"name.\(name)\"`.")
    }
    if lists.isEmpty || named.allSatisfy(\.isEmpty) {
      // A column of a DataFrame that is not among the inputs, or that has no such column.
      if let list = lists.first { throw unresolvedColumn([name], columns: list) }
      throw Failure(
        "CANNOT_RESOLVE_DATAFRAME_COLUMN",
        "the column `\(name)` belongs to a DataFrame that is not part of this one",
        details: ["columns: " + columns.map(\.name).joined(separator: ", ")])
    }
    throw Failure(
      "MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_APPEAR_IN_OPERATION",
      "the column `\(name)` of that DataFrame is no longer there: a later step left it out or "
        + "replaced it",
      hint: "`F.col \"\(name)\"` means the column that has the name now.",
      details: ["columns: " + columns.map(\.name).joined(separator: ", ")])
  }

  private static func ambiguous(_ name: String, _ columns: [Attribute]) -> Failure {
    Failure(
      "AMBIGUOUS_REFERENCE",
      "the reference `\(name)` is ambiguous: it could be "
        + columns.map { ($0.qualifier.map { "`\($0)`." } ?? "") + "`\($0.name)`" }
        .joined(separator: ", "))
  }
}

/// Turns what the script built into typed plans. A value; analysing keeps nothing.
public struct Analyzer: Sendable {
  public let operators: OperatorCatalog
  public let functions: FunctionCatalog
  public let session: ExpressionSession
  /// Set inside a query that stands in an expression: what the query around it sees.
  private var outer: PlanScope?
  /// Set inside the part of a query that names the query itself: by its key, its columns.
  public private(set) var recursions: [Int64: [Attribute]] = [:]

  public init(
    operators: OperatorCatalog, functions: FunctionCatalog,
    session: ExpressionSession = ExpressionSession()
  ) {
    self.operators = operators
    self.functions = functions
    self.session = session
  }

  /// How deep a plan may be: each step of a script adds a level, and analysis is recursive.
  public static let depthLimit = 5000

  public func analyze(_ plan: UnresolvedPlan) throws -> any PlanNode {
    try TextZone.with(session.timeZoneId) {
      var memo: [Int: AnalyzedPlan] = [:]
      return try analyze(plan, PlanUses(of: plan), &memo, depth: 0).node
    }
  }

  /// What is said of a plan beyond the limit.
  public static func tooDeep(_ origin: Origin?) -> Failure {
    Failure(
      "PLAN_TOO_DEEP", "the plan has more than \(depthLimit) steps one after the other",
      hint: "`select` and `withColumns` take any number of columns in one step.", origin: origin)
  }

  /// Analyses a query inside an expression. Its columns are new ones also where both queries read
  /// the same table; a name that it does not know itself may be a column of `outer`.
  public func analyze(
    subquery plan: UnresolvedPlan, outer: PlanScope
  ) throws -> any PlanNode {
    var inner = self
    inner.outer = outer
    return try inner.analyze(plan)
  }

  /// Analyses the part of a recursive query that names the query, which has these columns.
  public func analyze(
    step plan: UnresolvedPlan, ofRecursion key: Int64, columns: [Attribute]
  ) throws -> any PlanNode {
    var inner = self
    inner.recursions[key] = columns
    return try inner.analyze(plan)
  }

  private func analyze(
    _ plan: UnresolvedPlan, _ uses: PlanUses, _ memo: inout [Int: AnalyzedPlan], depth: Int
  ) throws -> AnalyzedPlan {
    if let known = memo[plan.id] { return known }
    if depth > Self.depthLimit {
      throw Self.tooDeep(plan.origin)
    }
    guard let spec = operators[plan.name] else {
      throw Failure(
        "UNSUPPORTED_FEATURE", "the operation `\(plan.name)` is not known", origin: plan.origin)
    }
    var children: [AnalyzedPlan] = []
    for input in plan.inputs {
      children.append(try analyze(input, uses, &memo, depth: depth + 1))
    }
    Self.separate(&children)
    let call = OperatorCall(plan: plan, children: children, analyzer: self)
    let node = try withOrigin(plan.origin) { try spec.build(call) }
    var columns: [Int: [[Attribute]]] = [:]
    for child in children {
      columns.merge(child.columnsOfPlan) { a, b in a + b.filter { !a.contains($0) } }
    }
    if let named = uses.columnsNamed(ofPlan: plan.id, in: node.output) {
      columns[plan.id] = [named]
    }
    let analyzed = AnalyzedPlan(node, columnsOfPlan: columns)
    if uses.isShared(plan.id) { memo[plan.id] = analyzed }
    return analyzed
  }

  /// Gives the later of two inputs that share columns (a self-join) columns of its own.
  private static func separate(_ children: inout [AnalyzedPlan]) {
    guard children.count > 1 else { return }
    var seen = Set(children[0].node.output.map(\.id))
    for index in 1..<children.count {
      let output = children[index].node.output
      if output.contains(where: { seen.contains($0.id) }) {
        children[index] = renewed(children[index])
      }
      seen.formUnion(children[index].node.output.map(\.id))
    }
  }

  private static func renewed(_ plan: AnalyzedPlan) -> AnalyzedPlan {
    var fresh: [Int: Attribute] = [:]
    let columns = plan.node.output.map { old in
      let new = Attribute(
        old.name, old.type, isNullable: old.isNullable, qualifier: old.qualifier,
        watermarkDelayUs: old.watermarkDelayUs)
      fresh[old.id] = new
      return NamedExpression(.attribute(old), as: new)
    }
    let renamed = plan.columnsOfPlan.mapValues { lists in
      lists.map { list in list.map { fresh[$0.id] ?? $0 } }
    }
    return AnalyzedPlan(Project(columns, plan.node), columnsOfPlan: renamed)
  }

  /// A resolver of expressions over some columns.
  public func resolver(_ scope: PlanScope) -> ExpressionResolver {
    ExpressionResolver(scope: scope, outer: outer, functions: functions, session: session)
  }

  /// A call of a built-in function over resolved arguments.
  public func call(_ name: String, _ arguments: [Expression], origin: Origin? = nil) throws
    -> Expression
  {
    guard let function = functions[name] else {
      preconditionFailure("the function catalog has no `\(name)`")
    }
    return try function.bind(
      FunctionCall(name: name, arguments: arguments, origin: origin, session: session))
  }

  /// Both conditions.
  public func conjunction(_ a: Expression, _ b: Expression) throws -> Expression {
    try call("and", [a, b], origin: a.origin)
  }
}
