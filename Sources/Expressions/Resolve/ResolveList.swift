import Columns
import Contract

/// One entry of a projection or an aggregation, resolved.
public enum ProjectionItem: Sendable {
  case column(NamedExpression)
  /// A function that makes rows, and the names that the user gave its columns (none: its own).
  case generator(any Generator, [Expression], names: [String], origin: Origin?)
}

extension ExpressionResolver {
  /// The entries of a SELECT list: stars expanded, each column with its name.
  public func resolveList(_ list: [UnresolvedExpression]) throws -> [ProjectionItem] {
    try list.flatMap { item -> [ProjectionItem] in
      if case .star(let parts) = item.node {
        return try starItems(parts, item.origin)
      }
      if case .starExcept(let parts, let names) = item.node {
        return try starItems(parts, item.origin, except: names)
      }
      return [try resolveItem(item)]
    }
  }

  /// One column with its name. A plain column stays itself.
  public func resolveNamed(_ unresolved: UnresolvedExpression) throws -> NamedExpression {
    switch try resolveItem(unresolved) {
    case .column(let column): return column
    case .generator(let generator, _, _, let origin):
      throw Failure(
        "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
        "`\(generator.name)` makes rows, which is only possible in `select`", origin: origin)
    }
  }

  private func resolveItem(_ unresolved: UnresolvedExpression) throws -> ProjectionItem {
    var inner = unresolved
    var names: [String] = []
    if case .alias(let child, let given) = unresolved.node {
      (inner, names) = (child, given)
    }
    let resolved = try resolve(inner)
    if case .generator(let generator, let arguments) = resolved.kind {
      guard names.isEmpty || names.count == generator.output.count else {
        throw Failure(
          "UDTF_ALIAS_NUMBER_MISMATCH",
          "`\(generator.name)` makes \(generator.output.count) columns, but \(names.count) names "
            + "were given", origin: unresolved.origin)
      }
      return .generator(generator, arguments, names: names, origin: unresolved.origin)
    }
    guard names.count <= 1 else {
      throw Failure(
        "NUM_TABLE_VALUE_ALIASES_MISMATCH",
        "several names are only for a function that makes several columns",
        origin: unresolved.origin)
    }
    let name = names.first ?? Self.automaticName(inner, resolved)
    if case .attribute(let column) = resolved.kind, isOuter(column) {
      // What the query around this one has and this one selects is a column of this one's own.
      return .column(
        NamedExpression(resolved, as: Attribute(name, column.type, isNullable: column.isNullable)))
    }
    return .column(Self.named(resolved, name, isGiven: !names.isEmpty))
  }

  private static func named(_ expression: Expression, _ name: String, isGiven: Bool)
    -> NamedExpression
  {
    switch expression.kind {
    case .attribute(let attribute) where !isGiven || name == attribute.name:
      // The column stays the same one, under the name as it was written here.
      return NamedExpression(
        expression,
        as: name == attribute.name
          ? attribute
          : Attribute(
            id: attribute.id, name, attribute.type, isNullable: attribute.isNullable,
            qualifier: attribute.qualifier, watermarkDelayUs: attribute.watermarkDelayUs))
    case .alias(let child, let attribute) where !isGiven:
      return NamedExpression(child, as: attribute)
    default:
      return NamedExpression(
        expression,
        as: Attribute(
          name, expression.type, isNullable: expression.isNullable,
          watermarkDelayUs: expression.watermarkDelayUs))
    }
  }

  /// The name of a column that the user gave none, as Spark's.
  static func automaticName(_ unresolved: UnresolvedExpression, _ resolved: Expression) -> String {
    // A field reached by its name alone, and a cast of a name, keep that name.
    var plain = unresolved
    if case .cast(let child, _, _) = plain.node { plain = child }
    switch plain.node {
    case .name(let parts): return parts[parts.count - 1]
    case .column(_, let name): return name
    default: return resolved.automaticName
    }
  }

  private func starItems(
    _ parts: [String], _ origin: Origin?, except names: [[String]] = []
  ) throws -> [ProjectionItem] {
    var columns = try star(parts, origin)
    for name in names {
      let left = try resolve(UnresolvedExpression(.name(name), origin: origin))
      let count = columns.count
      columns.removeAll { $0.expression.sqlText == left.sqlText }
      if columns.count == count {
        throw Failure(
          "EXCEPT_OVERLAPPING_COLUMNS",
          "`\(name.joined(separator: "."))` is none of the columns of the star, or named twice",
          origin: origin)
      }
    }
    return columns.map { .column(Self.named($0.expression, $0.name, isGiven: false)) }
  }

  /// The columns that a star stands for: all, those of an alias, or the fields of a struct.
  func star(_ parts: [String], _ origin: Origin?) throws -> [(expression: Expression, name: String)]
  {
    // A side's star shows its keys too, where a join by names shows them once for both.
    let all = parts.isEmpty ? scope.columns : scope.qualified + scope.columns
    let own = all.filter { column in
      parts.isEmpty
        || (parts.count == 1
          && column.qualifier.map { $0.lowercased() == parts[0].lowercased() } ?? false)
    }
    if parts.isEmpty || !own.isEmpty {
      return own.map { (.attribute($0, origin: origin), $0.name) }
    }
    guard let base = try? resolve(UnresolvedExpression(.name(parts), origin: origin)) else {
      throw Failure(
        "CANNOT_RESOLVE_STAR_EXPAND",
        "`\(parts.joined(separator: ".")).*` is of no table and no struct here",
        hint: Suggestion.sentence(
          for: parts[0], among: scope.columns.map(\.name) + scope.columns.compactMap(\.qualifier)),
        origin: origin)
    }
    guard case .structure(let fields) = base.type else {
      throw Failure(
        "CANNOT_RESOLVE_STAR_EXPAND",
        "`\(parts.joined(separator: ".")).*` needs a struct or the alias of a DataFrame, but "
          + "`\(base.sqlText)` has the type \"\(base.type)\"", origin: origin)
    }
    return fields.indices.map { (structureField($0, of: base, origin), fields[$0].name) }
  }
}
