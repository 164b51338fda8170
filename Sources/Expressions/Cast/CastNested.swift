import Columns
import Contract

/// Between arrays, maps and structs: member by member.
func nestedCast(from: DataType, to: DataType, isTry: Bool) -> CastRule? {
  switch (from, to) {
  case (.array(let a, let aNull), .array(let b, let bNull)):
    guard let rule = castRule(from: a, to: b, isTry: isTry), bNull || !aNull else { return nil }
    return listCast(to: to, [rule])
  case (.map(let k1, let v1, let null1), .map(let k2, let v2, let null2)):
    guard let key = castRule(from: k1, to: k2, isTry: isTry),
      let value = castRule(from: v1, to: v2, isTry: isTry), null2 || !null1,
      // A key that does not fit would become NULL, which no key can be.
      !isTry || !key.canFail
    else { return nil }
    return listCast(to: to, [key, value])
  case (.structure(let a), .structure(let b)):
    guard a.count == b.count else { return nil }
    var rules: [CastRule] = []
    for (x, y) in zip(a, b) {
      guard y.isNullable || !x.isNullable,
        let rule = castRule(from: x.type, to: y.type, isTry: isTry)
      else { return nil }
      rules.append(rule)
    }
    return structureCast(to: to, rules)
  default: return nil
  }
}

/// Casts the children of a list; a child's failure is the failure of the row it belongs to.
private func listCast(to: DataType, _ rules: [CastRule]) -> CastRule {
  CastRule(canFail: rules.contains(where: \.canFail)) { column, context in
    let column = column.count == 0 ? .nulls(column.type, count: 0).flat : column
    var children: [Vector] = []
    for (child, rule) in zip(column.children, rules) {
      do { children.append(try rule.kernel(child, context)) } catch let error as RowFailure {
        let row = (0..<column.count).first { column.range($0).contains(error.row) } ?? 0
        throw RowFailure(row: row, error.failure)
      }
    }
    return Vector(
      to, count: column.count, validity: column.validity, values: column.values,
      children: children.map(\.flat), isConstant: column.isConstant)
  }
}

private func structureCast(to: DataType, _ rules: [CastRule]) -> CastRule {
  CastRule(canFail: rules.contains(where: \.canFail)) { column, context in
    let children = try rules.indices.map { index in
      // A field of a NULL struct may hold anything: it must not fail the cast.
      let child = column.isConstant ? column.children[index] : column.member(index)
      return try rules[index].kernel(child, context).flat
    }
    return Vector(
      to, count: column.count, validity: column.validity, children: children,
      isConstant: column.isConstant)
  }
}
