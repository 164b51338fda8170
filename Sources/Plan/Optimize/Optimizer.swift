import Columns
import Contract
import Expressions

/// Makes an analysed plan cheaper; its rows stay the same.
public struct Optimizer: Sendable {
  private let timeZoneId: String
  private let excluded: Set<Rule>

  /// The rules by Spark's names, under which `moontide.optimizer.excludedRules` leaves them out.
  public enum Rule: String, Sendable, CaseIterable {
    case constantFolding = "ConstantFolding"
    case pushDownPredicates = "PushDownPredicates"
    case collapseProject = "CollapseProject"
    case limitPushDown = "LimitPushDown"
    case columnPruning = "ColumnPruning"
  }

  public init(
    session: ExpressionSession = ExpressionSession(), excluding excluded: Set<Rule> = []
  ) {
    timeZoneId = session.timeZoneId
    self.excluded = excluded
  }

  /// The rules in a list of names with commas between; a name may have Spark's package before it.
  public static func rules(named list: String) throws -> Set<Rule> {
    var rules = Set<Rule>()
    for name in list.split(separator: ",") {
      let short = name.split(separator: ".").last.map { $0.filter { $0 != " " } } ?? ""
      guard let rule = Rule(rawValue: short) else {
        let names = Rule.allCases.map(\.rawValue)
        throw Failure(
          "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
          "there is no rule `\(short)` that `moontide.optimizer.excludedRules` could leave out",
          hint: Suggestion.sentence(for: short, among: names),
          details: ["rules: " + names.joined(separator: ", ")])
      }
      rules.insert(rule)
    }
    return rules
  }

  private func uses(_ rule: Rule) -> Bool { !excluded.contains(rule) }

  /// The optimised plan, under the same output attributes.
  public func optimize(_ plan: any PlanNode) -> any PlanNode {
    var node = uses(.constantFolding) ? plan.transformed(folded) : plan
    // Filters sink and projections merge until nothing moves; each pass moves every filter a level.
    for _ in 0..<Self.passLimit {
      var hasMoved = false
      node = node.transformed {
        let filtered = uses(.pushDownPredicates) ? pushedFilter($0) : nil
        let merged = uses(.collapseProject) ? mergedProjects(filtered ?? $0) : nil
        if filtered != nil || merged != nil { hasMoved = true }
        return merged ?? filtered ?? $0
      }
      if !hasMoved { break }
    }
    node = node.transformed {
      let plain = withoutIdleProject($0)
      return uses(.limitPushDown) ? withLimit(plain) : plain
    }
    return uses(.columnPruning) ? pruned(node, needed: Set(plan.output)) : node
  }

  private static let passLimit = 32

  // MARK: Constants

  private func folded(_ node: any PlanNode) -> any PlanNode {
    let old = node.expressions
    if old.isEmpty { return node }
    let new = old.map { fold($0, timeZoneId: timeZoneId) }
    return zip(old, new).allSatisfy({ $0 === $1 }) ? node : node.with(expressions: new)
  }

  // MARK: Filters

  /// The plan with a filter further down; nil: the node is none, or stays where it is.
  private func pushedFilter(_ node: any PlanNode) -> (any PlanNode)? {
    guard let filter = node as? Filter else { return nil }
    if case .literal(.boolean(true)) = filter.condition.kind { return filter.child }
    let parts = filter.condition.conjuncts
    if parts.count > 1 {
      return parts.reversed().reduce(filter.child) {
        sunk(Filter($1, $0, origin: filter.origin))
      }
    }
    guard filter.condition.isDeterministic else { return nil }
    if let project = filter.child as? Project { return below(project, filter) }
    if let other = filter.child as? Filter {
      // The other one has gone as far as it can; where this one can go further, it does.
      return pushedFilter(Filter(filter.condition, other.child, origin: filter.origin)).map {
        Filter(other.condition, $0, origin: other.origin)
      }
    }
    guard let passing = filter.child as? any PassesPredicates else { return nil }
    return below(passing, filter)
  }

  private func sunk(_ filter: Filter) -> any PlanNode { pushedFilter(filter) ?? filter }

  /// A filter below a projection, its columns put in; not where that would compute something twice
  /// or raise for rows that it would not have been computed for.
  private func below(_ project: Project, _ filter: Filter) -> (any PlanNode)? {
    let used = filter.condition.references
    var values: [Attribute: Expression] = [:]
    for column in project.columns where used.contains(column.attribute) {
      guard column.expression.isDeterministic, !column.expression.hasUserFunction else {
        return nil
      }
      values[column.attribute] = column.expression
    }
    let condition = filter.condition.substituting(values)
    return Project(
      project.columns, sunk(Filter(condition, project.child, origin: filter.origin)),
      origin: project.origin)
  }

  private func below(_ node: any PassesPredicates, _ filter: Filter) -> (any PlanNode)? {
    var children = node.children
    var moved = 0
    for index in children.indices {
      guard let condition = node.predicate(filter.condition, below: index) else { continue }
      children[index] = sunk(Filter(condition, children[index], origin: filter.origin))
      moved += 1
    }
    if moved == 0 || (node.needsPredicateBelowAll && moved < children.count) { return nil }
    return node.with(children: children)
  }

  // MARK: Projections

  /// Two projections as one; nil: they stay two.
  private func mergedProjects(_ node: any PlanNode) -> (any PlanNode)? {
    guard let upper = node as? Project, let lower = upper.child as? Project else { return nil }
    var uses: [Attribute: Int] = [:]
    for column in upper.columns { column.expression.countUses(&uses) }
    var values: [Attribute: Expression] = [:]
    for column in lower.columns {
      let isCheap = column.expression.isCheap
      // What is costly is computed once, and what is random must be.
      if !isCheap, uses[column.attribute] ?? 0 > 1 { return nil }
      if !column.expression.isDeterministic { return nil }
      values[column.attribute] = column.expression
    }
    let columns = upper.columns.map {
      NamedExpression($0.expression.substituting(values), as: $0.attribute)
    }
    return Project(columns, lower.child, origin: upper.origin ?? lower.origin)
  }

  /// A projection that changes nothing that anybody sees.
  private func withoutIdleProject(_ node: any PlanNode) -> any PlanNode {
    guard let project = node as? Project, project.columns.count == project.child.output.count
    else { return node }
    let isIdle = zip(project.columns, project.child.output).allSatisfy { column, below in
      guard case .attribute(let attribute) = column.expression.kind else { return false }
      return attribute == below && column.attribute == below
        && column.attribute.name == below.name
        && column.attribute.watermarkDelayUs == below.watermarkDelayUs
    }
    return isIdle ? project.child : node
  }

  // MARK: Limits

  private func withLimit(_ node: any PlanNode) -> any PlanNode {
    guard let limiting = node as? any LimitNode else { return node }
    let child = limiting.children[0]
    if let sort = child as? any LimitsRows {
      return node.with(children: [sort.limited(to: limiting.count)])
    }
    guard let project = child as? Project, let sort = project.child as? any LimitsRows else {
      return node
    }
    return node.with(children: [project.with(children: [sort.limited(to: limiting.count)])])
  }

  // MARK: Columns

  /// Leaves out the columns that nobody above needs.
  private func pruned(_ node: any PlanNode, needed: Set<Attribute>) -> any PlanNode {
    var node = node
    if let project = node as? Project {
      let kept = project.columns.filter { needed.contains($0.attribute) }
      if kept.count < project.columns.count {
        node = Project(kept, project.child, origin: project.origin)
      }
    } else if let pruning = node as? any PrunesColumns,
      !node.output.allSatisfy(needed.contains)
    {
      node = pruning.pruned(to: needed)
    }
    let children = node.children
    if children.isEmpty { return node }
    return node.with(
      children: children.enumerated().map { index, child in
        pruned(child, needed: neededBelow(node, index, child, needed))
      })
  }

  private func neededBelow(
    _ node: any PlanNode, _ index: Int, _ child: any PlanNode, _ needed: Set<Attribute>
  ) -> Set<Attribute> {
    if node is any NeedsAllColumns { return Set(child.output) }
    var below = needed.intersection(child.output)
    for expression in node.expressions { below.formUnion(expression.references) }
    return below
  }
}

extension Expression {
  /// The parts of a conjunction.
  public var conjuncts: [Expression] {
    if case .call(let function, let arguments) = kind, function.name.lowercased() == "and" {
      return arguments.flatMap(\.conjuncts)
    }
    return [self]
  }

  /// The same with expressions in place of some columns.
  public func substituting(_ values: [Attribute: Expression]) -> Expression {
    if values.isEmpty { return self }
    return transformed { node in
      guard case .attribute(let attribute) = node.kind, let value = values[attribute] else {
        return node
      }
      return value
    }
  }

  var hasUserFunction: Bool {
    contains { if case .userFunction = $0.kind { true } else { false } }
  }

  /// Costs no more than the column that it would be kept in.
  var isCheap: Bool {
    switch kind {
    case .attribute, .literal: true
    case .alias(let child, _): child.isCheap
    default: false
    }
  }

  func countUses(_ uses: inout [Attribute: Int]) {
    if case .attribute(let attribute) = kind { uses[attribute, default: 0] += 1 }
    for child in children { child.countUses(&uses) }
  }
}
