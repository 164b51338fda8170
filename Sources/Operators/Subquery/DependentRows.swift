import Columns
import Contract
import Expressions
import Plan

/// The rows of an inner query for every combination of the outer columns that it uses, all at once:
/// each row comes with the combination that it belongs to. For inner queries whose outer columns
/// cannot be made the conditions of one join.
struct DependentRows {
  let outer: any PlanNode
  let analyzer: Analyzer
  let origin: Origin?
  /// The outer columns that the inner query uses.
  let columns: [Attribute]

  /// A part of the inner query, with the columns that hold the combination among its own.
  struct Rows {
    let node: any PlanNode
    let combination: [Attribute]
  }

  init(of inner: any PlanNode, outer: any PlanNode, analyzer: Analyzer, origin: Origin?) {
    self.outer = outer
    self.analyzer = analyzer
    self.origin = origin
    let known = Set(outer.output)
    let used = inner.nodes.reduce(into: Set<Attribute>()) { used, node in
      for expression in node.expressions { used.formUnion(expression.references) }
    }
    columns = used.intersection(known).sorted { $0.id < $1.id }
  }

  /// That an outer row belongs to the combination.
  func conditions(_ rows: Rows) throws -> [Expression] {
    try zip(columns, rows.combination).map { outer, own in
      try analyzer.call("<=>", [.attribute(outer), .attribute(own)], origin: origin)
    }
  }

  /// The combinations themselves, under new columns.
  private func combinations() -> Rows {
    let copies = columns.map { old in
      NamedExpression(
        .attribute(old), as: Attribute(old.name, old.type, isNullable: old.isNullable))
    }
    let keys = copies.map(\.attribute)
    let all = Project(copies, outer, origin: origin)
    return Rows(node: Deduplicate(keys: keys, all, origin: origin), combination: keys)
  }

  func rows(of node: any PlanNode) throws -> Rows {
    guard isCorrelated(node) else {
      let all = combinations()
      let pairs = Join(.cross, all.node, node, keys: [], conditions: [], origin: origin)
      return Rows(node: pairs, combination: all.combination)
    }
    switch node {
    case let aggregate as Aggregate: return try rows(ofAggregate: aggregate)
    case let join as Join: return try rows(ofJoin: join)
    case let union as Union:
      let parts = try union.children.map { try exactly($0.output, rows(of: $0)) }
      return Rows(
        node: Union(parts.map(\.node), origin: union.origin), combination: parts[0].combination)
    case let set as SetOperation:
      let parts = try set.children.map { try exactly($0.output, rows(of: $0)) }
      return Rows(node: set.with(children: parts.map(\.node)), combination: parts[0].combination)
    case let limit as Limit: return try numbered(limit.child, upTo: limit.count)
    case let offset as Offset: return try numbered(offset.child, from: offset.count)
    default: break
    }
    guard node.children.count == 1 else { throw refusal(node) }
    let below = try rows(of: node.children[0])
    return Rows(node: try over(below, node), combination: below.combination)
  }

  /// A node of one input over the input's rows for all combinations.
  private func over(_ below: Rows, _ node: any PlanNode) throws -> any PlanNode {
    let passed = below.combination.map { NamedExpression(.attribute($0), as: $0) }
    let child = below.node
    switch node {
    case let filter as Filter:
      return Filter(inside(filter.condition, below), child, origin: filter.origin)
    case let project as Project:
      return Project(inside(project.columns, below) + passed, child, origin: project.origin)
    case let sort as Sort:
      return sort.with(expressions: sort.expressions.map { inside($0, below) })
        .with(children: [child])
    case let distinct as Deduplicate:
      return Deduplicate(
        keys: distinct.keys + below.combination, child, origin: distinct.origin)
    case let generate as Generate:
      return Generate(
        generate.generator, generate.arguments.map { inside($0, below) },
        kept: generate.kept + below.combination, made: generate.made, child,
        origin: generate.origin)
    case let expand as Expand:
      return Expand(
        expand.rows.map { row in
          row.map { inside($0, below) } + below.combination.map { .attribute($0) }
        }, output: expand.output + below.combination, child, origin: expand.origin)
    case let window as WindowOverRows:
      let own = inside(window.column.expression, below)
      guard case .window(let call) = own.kind else { preconditionFailure("a window's call") }
      let wider = WindowCall(
        call.function, call.arguments,
        partition: call.partition + below.combination.map { .attribute($0) }, order: call.order,
        frame: call.frame, filter: call.filter, ignoresNulls: call.ignoresNulls, name: call.name)
      let column = NamedExpression(
        Expression(.window(wider), own.type, isNullable: own.isNullable, origin: own.origin),
        as: window.column.attribute)
      return WindowOverRows(column, child, origin: window.origin)
    default: throw refusal(node)
    }
  }

  /// The first rows of each combination, or all behind them.
  private func numbered(_ child: any PlanNode, from first: Int = 0, upTo last: Int? = nil) throws
    -> Rows
  {
    let below = try rows(of: child)
    let number = Attribute("_number", .int, isNullable: false)
    let order = (child as? Sort)?.keys.map { SortKey(inside($0.expression, below), $0.order) }
    let call = WindowCall(
      .rowNumber, [], partition: below.combination.map { .attribute($0) }, order: order ?? [],
      frame: WindowFrame(isRows: true, lower: .unboundedPreceding, upper: .currentRow))
    let window = WindowOverRows(
      NamedExpression(Expression(.window(call), .int, isNullable: false), as: number), below.node,
      origin: origin)
    let bound = Expression.literal(
      .integer(Int64(Int32(clamping: last ?? first))), .int, origin: origin)
    let isWanted = try analyzer.call(
      last == nil ? ">" : "<=", [.attribute(number), bound], origin: origin)
    let kept = Filter(isWanted, window, origin: origin)
    return Rows(
      node: Project(passing(below.node.output), kept, origin: origin),
      combination: below.combination)
  }

  // MARK: Joins

  private func rows(ofJoin join: Join) throws -> Rows {
    let needsBoth =
      join.kind != .inner && join.kind != .cross
      && (isCorrelated(join.right) || join.expressions.contains(where: usesOuter))
    if join.kind == .fullOuter || (join.kind == .rightOuter && needsBoth) { throw refusal(join) }
    if !needsBoth, !isCorrelated(join.right) {
      return joined(join, try rows(of: join.left), join.right)
    }
    if !needsBoth, !isCorrelated(join.left) {
      let right = try rows(of: join.right)
      return Rows(
        node: inside(join, right).with(children: [join.left, right.node]),
        combination: right.combination)
    }
    let left = try rows(of: join.left)
    let right = try rows(of: join.right)
    let same = zip(left.combination, right.combination).map {
      JoinKey(.attribute($0), .attribute($1), isNullSafe: true)
    }
    guard let own = inside(join, left) as? Join else { preconditionFailure("a join") }
    let both = Join(
      own.kind == .cross ? .inner : own.kind, left.node, right.node, keys: own.keys + same,
      conditions: own.conditions, marker: own.marker, origin: own.origin)
    return Rows(node: both, combination: left.combination)
  }

  private func joined(_ join: Join, _ left: Rows, _ right: any PlanNode) -> Rows {
    Rows(
      node: inside(join, left).with(children: [left.node, right]), combination: left.combination)
  }

  private func inside(_ join: Join, _ rows: Rows) -> any PlanNode {
    join.with(expressions: join.expressions.map { inside($0, rows) })
  }

  // MARK: Aggregates

  private func rows(ofAggregate aggregate: Aggregate) throws -> Rows {
    let below = try rows(of: aggregate.child)
    let passed = passing(below.combination)
    let keys = inside(aggregate.keys, below)
    guard keys.isEmpty else {
      let node = Aggregate(
        keys: keys + passed, aggregates: inside(aggregate.aggregates, below), below.node,
        origin: aggregate.origin)
      return Rows(node: node, combination: below.combination)
    }
    // A combination without rows has a result too: what the aggregates give of nothing.
    let made = inside(aggregate.aggregates, below).map { column in
      let old = column.attribute
      return NamedExpression(column.expression, as: Attribute(old.name, old.type))
    }
    let groups = Aggregate(
      keys: passed, aggregates: made, below.node, origin: aggregate.origin)
    let present = Attribute("_present", .boolean, isNullable: false)
    let marked = Project(
      passing(groups.output)
        + [NamedExpression(.literal(.boolean(true), .boolean), as: present)], groups,
      origin: origin)
    let all = combinations()
    let joined = Join(
      .leftOuter, all.node, marked,
      keys: zip(all.combination, below.combination).map {
        JoinKey(.attribute($0), .attribute($1), isNullSafe: true)
      }, conditions: [], origin: origin)
    let ofNothing = inside(aggregate.aggregates, below).map { column in
      NamedExpression(
        column.expression, as: Attribute(column.attribute.name, column.expression.type))
    }
    let empty = Decorrelation.ofNoRows(
      Aggregate(keys: [], aggregates: ofNothing, below.node, origin: aggregate.origin))
    let both = Join(.cross, joined, empty, keys: [], conditions: [], origin: origin)
    let isThere = try analyzer.call(
      "isnotnull", [.attribute(present.nullable)], origin: origin)
    let results = try zip(aggregate.aggregates, zip(made, ofNothing)).map { column, values in
      NamedExpression(
        try analyzer.call(
          "when",
          [
            isThere, .attribute(values.0.attribute), .attribute(values.1.attribute.nullable),
          ], origin: origin), as: column.attribute.nullable)
    }
    return Rows(
      node: Project(results + passing(all.combination), both, origin: origin),
      combination: all.combination)
  }

  // MARK: Columns

  /// Those columns and the combination, and no others.
  private func exactly(_ columns: [Attribute], _ rows: Rows) -> Rows {
    Rows(
      node: Project(passing(columns + rows.combination), rows.node, origin: origin),
      combination: rows.combination)
  }

  private func passing(_ columns: [Attribute]) -> [NamedExpression] {
    columns.map { NamedExpression(.attribute($0), as: $0) }
  }

  /// With the combination's columns in place of the outer ones.
  private func inside(_ expression: Expression, _ rows: Rows) -> Expression {
    expression.substituting(
      Dictionary(
        zip(columns, rows.combination.map { Expression.attribute($0) }),
        uniquingKeysWith: { first, _ in first }))
  }

  private func inside(_ columns: [NamedExpression], _ rows: Rows) -> [NamedExpression] {
    columns.map { NamedExpression(inside($0.expression, rows), as: $0.attribute) }
  }

  private func usesOuter(_ expression: Expression) -> Bool {
    !expression.references.isDisjoint(with: columns)
  }

  private func isCorrelated(_ node: any PlanNode) -> Bool {
    node.expressions.contains(where: usesOuter) || node.children.contains(where: isCorrelated)
  }

  private func refusal(_ node: any PlanNode) -> Failure {
    Decorrelation.refusal(node, origin)
  }
}
