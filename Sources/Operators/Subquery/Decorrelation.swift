import Columns
import Contract
import Expressions
import Plan

/// Takes the conditions that speak of the outer query's columns out of an inner query, so that they
/// can be the conditions of a join with it.
struct Decorrelation {
  let outer: any PlanNode
  let analyzer: Analyzer
  /// Only whether there is a row matters: limits above none do nothing.
  let isExistence: Bool
  let origin: Origin?
  /// Over the outer query's columns and those of the plan that `pull` gave.
  private(set) var predicates: [Expression] = []
  /// One row comes out of no rows.
  private(set) var isAggregated = false
  /// The outer columns in the order of their use.
  private(set) var outerNames: [String] = []
  private let outerColumns: Set<Attribute>

  init(
    outer: any PlanNode, analyzer: Analyzer, isExistence: Bool, origin: Origin?
  ) {
    self.outer = outer
    self.analyzer = analyzer
    self.isExistence = isExistence
    self.origin = origin
    outerColumns = Set(outer.output)
  }

  /// The same rows without the conditions taken out, with the columns that those need.
  mutating func pull(_ node: any PlanNode) throws -> any PlanNode {
    if !isCorrelated(node) {
      if let aggregate = Self.topAggregate(node), aggregate.keys.isEmpty { isAggregated = true }
      return node
    }
    switch node {
    case let filter as Filter: return try pull(filter)
    case let project as Project: return try pull(project)
    case let aggregate as Aggregate: return try pull(aggregate)
    case let join as Join: return try pull(join)
    case let limit as Limit: return try pull(limit)
    case let distinct as Deduplicate:
      let child = try pull(distinct.child)
      return Deduplicate(
        keys: distinct.keys + needed(child).filter { !distinct.keys.contains($0) }, child,
        origin: distinct.origin)
    case let generate as Generate:
      guard !generate.arguments.contains(where: usesOuter) else { throw refusal(node) }
      let child = try pull(generate.child)
      let kept = generate.kept + needed(child).filter { !generate.kept.contains($0) }
      return Generate(
        generate.generator, generate.arguments, kept: kept, made: generate.made, child,
        origin: generate.origin)
    case let sort as Sort:
      guard !sort.expressions.contains(where: usesOuter) else { throw refusal(node) }
      return sort.with(children: [try pull(sort.child)])
    default: throw refusal(node)
    }
  }

  private mutating func pull(_ filter: Filter) throws -> any PlanNode {
    let child = try pull(filter.child)
    // HAVING decides whether there is a row, for rows below or for none.
    if isAggregated, usesOuter(filter.condition) || isExistence { throw refusal(filter) }
    var own: [Expression] = []
    for conjunct in filter.condition.conjuncts {
      if usesOuter(conjunct) {
        note(conjunct)
        predicates.append(conjunct)
      } else {
        own.append(conjunct)
      }
    }
    return own.reversed().reduce(child) { Filter($1, $0, origin: filter.origin) }
  }

  private mutating func pull(_ project: Project) throws -> any PlanNode {
    guard !project.expressions.contains(where: usesOuter) else { throw refusal(project) }
    let child = try pull(project.child)
    let own = Set(project.output)
    let passed = needed(child).filter { !own.contains($0) }
    return Project(
      project.columns + passed.map { NamedExpression(.attribute($0), as: $0) }, child,
      origin: project.origin)
  }

  private mutating func pull(_ join: Join) throws -> any PlanNode {
    let isInner = join.kind == .inner || join.kind == .cross
    if isCorrelated(join.right), !isInner { throw refusal(join) }
    if join.expressions.contains(where: usesOuter) {
      guard isInner else { throw refusal(join) }
      let all = join.conditions + (try join.keys.map(equality))
      let child = try pull(
        Join(.cross, join.left, join.right, keys: [], conditions: [], origin: join.origin))
      return try pull(all.reduce(child) { Filter($1, $0, origin: join.origin) })
    }
    let left = try pull(join.left)
    let right = isInner ? try pull(join.right) : join.right
    return join.with(children: [left, right])
  }

  private func equality(_ key: JoinKey) throws -> Expression {
    try analyzer.call(key.isNullSafe ? "<=>" : "=", [key.left, key.right], origin: origin)
  }

  /// `LIMIT 1` of the rows for one outer row; for EXISTS any limit but 0 says nothing.
  private mutating func pull(_ limit: Limit) throws -> any PlanNode {
    if isExistence, limit.count > 0 { return try pull(limit.child) }
    guard limit.count == 1, predicates.isEmpty else { throw refusal(limit) }
    let child = try pull(limit.child)
    guard let keys = innerKeys(child) else { throw refusal(limit) }
    let made = keys.map { NamedExpression($0.inner, as: $0.attribute) }
    predicates = keys.map(\.predicate)
    let wider = Project(
      child.output.map { NamedExpression(.attribute($0), as: $0) } + made, child,
      origin: limit.origin)
    return Deduplicate(keys: keys.map(\.attribute), wider, origin: limit.origin)
  }

  // MARK: Aggregates

  /// What was a condition between inner and outer columns becomes a key of the groups.
  private mutating func pull(_ aggregate: Aggregate) throws -> any PlanNode {
    guard !aggregate.expressions.contains(where: usesOuter), predicates.isEmpty else {
      throw refusal(aggregate)
    }
    var child = try pull(aggregate.child)
    var added: [NamedExpression]
    if let keys = innerKeys(child) {
      added = keys.map { NamedExpression($0.inner, as: $0.attribute) }
      predicates = keys.map(\.predicate)
    } else {
      (child, added) = try joinedWithOuter(child)
    }
    if aggregate.keys.isEmpty { isAggregated = true }
    return Aggregate(
      keys: aggregate.keys + added, aggregates: aggregate.aggregates, child,
      origin: aggregate.origin)
  }

  private struct InnerKey {
    let inner: Expression
    let attribute: Attribute
    let predicate: Expression
  }

  /// The inner sides of the conditions, where each is an equality of the two sides.
  private func innerKeys(_ child: any PlanNode) -> [InnerKey]? {
    let own = Set(child.output)
    var keys: [InnerKey] = []
    for predicate in predicates {
      guard case .call(let function, let sides) = predicate.kind, sides.count == 2,
        function.name == "=" || function.name == "<=>",
        let place = sides.firstIndex(where: { $0.references.isSubset(of: own) }),
        !sides[place].references.isEmpty, sides[1 - place].references.isSubset(of: outerColumns)
      else { return nil }
      let made = Attribute(
        "_key\(keys.count)", sides[place].type, isNullable: sides[place].isNullable)
      var operands = sides
      operands[place] = .attribute(made)
      keys.append(
        InnerKey(
          inner: sides[place], attribute: made, predicate: predicate.with(children: operands)))
    }
    return keys
  }

  /// Conditions of other kinds: the inner rows for each combination of the outer columns in them.
  private mutating func joinedWithOuter(
    _ child: any PlanNode
  ) throws -> (any PlanNode, [NamedExpression]) {
    if outer.isStreaming {
      throw Failure(
        "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.NON_CORRELATED_COLUMNS_IN_GROUP_BY",
        "over a stream an aggregating query may be tied to the outer one by equalities only",
        origin: origin)
    }
    let used = predicates.reduce(into: Set<Attribute>()) { $0.formUnion($1.references) }
      .intersection(outerColumns).sorted { $0.id < $1.id }
    let columns = used.map { old in
      NamedExpression(
        .attribute(old), as: Attribute(old.name, old.type, isNullable: old.isNullable))
    }
    let renamed = Dictionary(
      zip(used, columns).map { ($0, Expression.attribute($1.attribute)) }
    ) { first, _ in first }
    let domain = Deduplicate(
      keys: columns.map(\.attribute), Project(columns, outer, origin: origin), origin: origin)
    let conditions = predicates.map { $0.substituting(renamed) }
    let split = JoinConditions(
      all: conditions, left: Set(domain.output), right: Set(child.output))
    predicates = try zip(used, columns).map { old, column in
      try analyzer.call(
        "<=>", [.attribute(old), .attribute(column.attribute)], origin: origin)
    }
    let join = Join(
      .inner, domain, child, keys: split.keys, conditions: split.others, origin: origin)
    return (join, columns.map { NamedExpression(.attribute($0.attribute), as: $0.attribute) })
  }

  /// The plan with no rows below its aggregation.
  static func ofNoRows(_ node: any PlanNode) -> any PlanNode {
    guard let aggregate = node as? Aggregate else {
      return node.with(children: node.children.map(ofNoRows))
    }
    let columns = aggregate.child.output.map {
      NamedExpression(.literal(.null, $0.type), as: $0)
    }
    let nothing = RangeRows(
      start: 0, end: 0, step: 1, id: Attribute("id", .long, isNullable: false), origin: nil)
    return aggregate.with(children: [Project(columns, nothing)])
  }

  private static func topAggregate(_ node: any PlanNode) -> Aggregate? {
    if let aggregate = node as? Aggregate { return aggregate }
    return node.children.count == 1 ? topAggregate(node.children[0]) : nil
  }

  // MARK: Columns

  private func usesOuter(_ expression: Expression) -> Bool {
    !expression.references.isDisjoint(with: outerColumns)
  }

  private func isCorrelated(_ node: any PlanNode) -> Bool {
    node.expressions.contains(where: usesOuter) || node.children.contains(where: isCorrelated)
  }

  /// The columns of a plan that the conditions taken out need.
  private func needed(_ node: any PlanNode) -> [Attribute] {
    let used = predicates.reduce(into: Set<Attribute>()) { $0.formUnion($1.references) }
    return node.output.filter { used.contains($0) }
  }

  private mutating func note(_ predicate: Expression) {
    for column in predicate.references.intersection(outerColumns).sorted(by: { $0.id < $1.id })
    where !outerNames.contains(column.name) {
      outerNames.append(column.name)
    }
  }

  private func refusal(_ node: any PlanNode) -> Failure { Self.refusal(node, origin) }

  private static let refused =
    "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.ACCESSING_OUTER_QUERY_COLUMN_IS_NOT_ALLOWED"

  /// Whether a failure says that conditions cannot be taken out of a query.
  static func isRefusal(_ failure: Failure) -> Bool { failure.condition == refused }

  static func refusal(_ node: any PlanNode, _ origin: Origin?) -> Failure {
    Failure(
      refused,
      "a query inside an expression can use the outer query's columns in its WHERE and in the "
        + "conditions of its inner joins only, not in or below its \(node.name)",
      hint: "Join with the query instead.", origin: node.origin ?? origin)
  }
}
