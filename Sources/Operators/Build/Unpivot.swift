import Columns
import Contract
import Expressions
import Plan

/// One row for each group of columns, with the group's name.
private struct Unpivot {
  /// Columns that come together, one for each value column of the result.
  struct Group {
    let label: String
    let columns: [Expression]
  }

  let call: OperatorCall
  let ids: [NamedExpression]
  let groups: [Group]
  let names: [String]

  /// SQL names groups of columns and keeps all the others.
  init(groupsOf call: OperatorCall) throws {
    let resolver = call.resolver
    let labels = call.texts("labels")
    let groups = try call.list("groups").enumerated().map { place, group -> Group in
      guard case .list(let columns) = group else { preconditionFailure("a group of columns") }
      return Group(
        label: labels[place],
        columns: try columns.map { column in
          guard case .expression(let expression) = column else { preconditionFailure("a column") }
          return try resolver.resolve(expression)
        })
    }
    let used = groups.reduce(into: Set<Attribute>()) { used, group in
      for column in group.columns { used.formUnion(column.references) }
    }
    self.call = call
    self.groups = groups
    ids = call.child.output.filter { !used.contains($0) }
      .map { NamedExpression(.attribute($0), as: $0) }
    names = call.texts("names")
  }

  /// `df:unpivot` names what stays and what turns into rows; without values all the rest does.
  init(columnsOf call: OperatorCall) throws {
    self.call = call
    ids = try Self.columns(call, "ids")
    let kept = Set(ids.map(\.attribute))
    let values =
      call.has("values")
      ? try Self.columns(call, "values")
      : call.child.output.filter { !kept.contains($0) }
        .map { NamedExpression(.attribute($0), as: $0) }
    groups = values.map { Group(label: $0.attribute.name, columns: [$0.expression]) }
    names = call.texts("names")
  }

  private static func columns(_ call: OperatorCall, _ argument: String) throws
    -> [NamedExpression]
  {
    try call.resolver.resolveList(call.expressions(argument)).map { item in
      guard case .column(let column) = item else {
        throw Failure(
          "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
          "a function that makes rows cannot stand in `unpivot`", origin: call.origin)
      }
      return column
    }
  }

  func build() throws -> any PlanNode {
    if groups.isEmpty {
      throw Failure(
        "UNPIVOT_REQUIRES_VALUE_COLUMNS", "there is no column to turn into rows",
        hint: "All the columns are ids.", origin: call.origin)
    }
    let types = try names.indices.map(commonType)
    let variable = Attribute(call.text("variable"), .string, isNullable: false)
    let values = zip(names, types).map { Attribute($0, $1, isNullable: true) }
    let rows = groups.map { group in
      ids.map(\.expression) + [.literal(.text(group.label), .string)]
        + zip(group.columns, types).map { $0.implicitlyCast(to: $1) }
    }
    let node = Expand(
      rows, output: ids.map(\.attribute) + [variable] + values, call.child, origin: call.origin)
    if call.boolean("includesNulls") { return node }
    let present = try values.map {
      try call.analyzer.call("isnotnull", [.attribute($0)], origin: call.origin)
    }
    let any = try present.dropFirst().reduce(present[0]) {
      try call.analyzer.call("or", [$0, $1], origin: call.origin)
    }
    return Filter(any, node, origin: call.origin)
  }

  /// The type of one value column. Text goes with text only.
  private func commonType(_ place: Int) throws -> DataType {
    let all = groups.map { $0.columns[place].type }
    let isMixed = all.contains(.string) && !all.allSatisfy { $0 == .string || $0 == .null }
    guard !isMixed, let common = ImplicitCast.leastCommonType(all) else {
      let columns = groups.map {
        "`\($0.columns[place].sqlText)` \"\($0.columns[place].type)\""
      }
      throw Failure(
        "UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
        "the columns that UNPIVOT puts into `\(names[place])` have different types: "
          + columns.joined(separator: ", "),
        origin: call.origin)
    }
    return common
  }
}

/// `unpivot`.
func buildUnpivot(_ call: OperatorCall) throws -> any PlanNode {
  try (call.has("groups") ? Unpivot(groupsOf: call) : Unpivot(columnsOf: call)).build()
}
