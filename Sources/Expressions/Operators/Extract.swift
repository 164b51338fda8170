import Columns
import Contract

/// `value.field`, `value[key]`: which of the extractions it is hangs on the value's type.
func extract(
  _ base: Expression, _ key: Expression, _ origin: Origin?, session: ExpressionSession
) throws -> Expression {
  switch base.type {
  case .structure(let fields):
    guard case .literal(let value) = key.kind, let name = value.text else {
      throw Failure(
        "INVALID_EXTRACT_FIELD_TYPE",
        "a field of `\(base.sqlText)` is named by a text, not by `\(key.sqlText)`", origin: origin)
    }
    return structureField(
      try fieldIndex(name, fields, session, origin), of: base, origin, called: name)
  case .array(.structure(let fields), let containsNull):
    if case .literal(let value) = key.kind, key.type == .string, let name = value.text {
      let index = try fieldIndex(name, fields, session, origin)
      return arrayFields(index, fields, containsNull, of: base, origin)
    }
    return try arrayItem(base, key, origin)
  case .array: return try arrayItem(base, key, origin)
  case .map: return try mapValue(base, key, origin, session)
  case .null: return .literal(.null, .null, origin: origin)
  default:
    throw Failure(
      "INVALID_EXTRACT_BASE_FIELD_TYPE",
      "`\(base.sqlText)` has no parts: its type is \"\(base.type)\", not STRUCT, ARRAY or MAP",
      origin: origin)
  }
}

private func fieldIndex(
  _ name: String, _ fields: [Field], _ session: ExpressionSession, _ origin: Origin?
) throws -> Int {
  let matches = fields.indices.filter {
    fields[$0].name == name
      || (!session.isCaseSensitive && fields[$0].name.lowercased() == name.lowercased())
  }
  if matches.count > 1 {
    throw Failure(
      "AMBIGUOUS_REFERENCE_TO_FIELDS", "the struct has \(matches.count) fields called `\(name)`",
      origin: origin)
  }
  guard let index = matches.first else {
    throw Failure(
      "FIELD_NOT_FOUND", "there is no field `\(name)` in this struct",
      hint: Suggestion.sentence(for: name, among: fields.map(\.name)),
      details: ["fields: " + fields.map(\.name).joined(separator: ", ")], origin: origin)
  }
  return index
}

/// A field of a struct by its place.
func structureField(
  _ index: Int, of base: Expression, _ origin: Origin?, called name: String? = nil
) -> Expression {
  guard case .structure(let fields) = base.type else {
    preconditionFailure("a field of something that is no struct")
  }
  let field = fields[index]
  let written = name ?? field.name
  let function = ScalarFunction(
    "getstructfield", notation: .custom { "\($0[0]).\(written)" },
    kernel: .whole { columns, _ in columns[0].member(index) })
  return Expression(
    .call(function, [base]), field.type, isNullable: base.isNullable || field.isNullable,
    origin: origin)
}

extension Vector {
  /// A field of each row's struct; NULL where the struct is.
  func member(_ index: Int) -> Vector {
    let child = children[index]
    if isConstant {
      if nullCount > 0 || count == 0 { return .nulls(child.type, count: count) }
      return Vector(
        child.type, count: count, validity: child.validity, values: child.values,
        blocks: child.blocks, children: child.children, isConstant: true)
    }
    let flat = child.flat
    guard nullCount > 0, flat.type != .null else { return flat }
    return flat.with(validity: Bitmap.and(validity, flat.validity, count: count))
  }
}

/// One field of each struct of an array.
private func arrayFields(
  _ index: Int, _ fields: [Field], _ containsNull: Bool, of base: Expression, _ origin: Origin?
) -> Expression {
  let field = fields[index]
  let type = DataType.array(field.type, containsNull: containsNull || field.isNullable)
  let function = ScalarFunction(
    "getarraystructfields", notation: .custom { "\($0[0]).\(field.name)" },
    kernel: .whole { columns, _ in
      let lists = columns[0]
      return Vector(
        type, count: lists.count, validity: lists.validity, values: lists.values,
        children: [lists.children[0].member(index)], isConstant: lists.isConstant)
    })
  return Expression(.call(function, [base]), type, isNullable: base.isNullable, origin: origin)
}

private func arrayItem(_ base: Expression, _ key: Expression, _ origin: Origin?) throws
  -> Expression
{
  guard case .array(let element, _) = base.type else {
    preconditionFailure("an element of something that is no array")
  }
  guard key.type.isInteger || key.type == .null else {
    throw Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
      "an element of `\(base.sqlText)` is chosen by an \"INTEGRAL\" position, but "
        + "`\(key.sqlText)` has the type \"\(key.type)\"", origin: origin)
  }
  let function = ScalarFunction(
    "getarrayitem", canFail: true, notation: .custom { "\($0[0])[\($0[1])]" },
    kernel: .whole { columns, _ in try itemsOfLists(columns[0], columns[1]) })
  return Expression(
    .call(function, [base, key.implicitlyCast(to: .long)]), element, isNullable: true,
    origin: origin)
}

private func itemsOfLists(_ lists: Vector, _ positions: Vector) throws -> Vector {
  let count = lists.count
  let chosen = Buffer(capacity: count * 4)
  let out = chosen.typed(UInt32.self)
  for row in 0..<count {
    if lists.isNull(row) || positions.isNull(row) {
      out[row] = Selection.none
      continue
    }
    let (range, index) = (lists.range(row), positions.integer(row))
    guard index >= 0, index < range.count else {
      throw RowFailure(row: row, invalidArrayIndex(index, count: range.count))
    }
    out[row] = UInt32(truncatingIfNeeded: range.lowerBound + Int(index))
  }
  return lists.children[0].gathered(Selection(buffer: chosen, count: count), hasMissing: true)
}

/// Spark's INVALID_ARRAY_INDEX.
func invalidArrayIndex(_ index: Int64, count: Int) -> Failure {
  Failure(
    "INVALID_ARRAY_INDEX",
    "the index \(index) is out of bounds: the array has \(count) elements",
    hint: "Use the function `get` to tolerate an index out of bounds and return NULL instead")
}

private func mapValue(
  _ base: Expression, _ key: Expression, _ origin: Origin?, _ session: ExpressionSession
) throws -> Expression {
  guard case .map(let keyType, let valueType, _) = base.type else {
    preconditionFailure("a value of something that is no map")
  }
  guard let type = ImplicitCast.type(for: .type(keyType), from: key.type) else {
    throw Failure(
      "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
      "a value of `\(base.sqlText)` is chosen by a \"\(keyType)\", but `\(key.sqlText)` has the "
        + "type \"\(key.type)\"", origin: origin)
  }
  let function = ScalarFunction(
    "getmapvalue", notation: .custom { "\($0[0])[\($0[1])]" },
    kernel: .whole { columns, _ in valuesOfMaps(columns[0], columns[1]) })
  return Expression(
    .call(function, [base, key.implicitlyCast(to: type)]), valueType, isNullable: true,
    origin: origin)
}

/// The value of each row's key in the row's map; NULL where there is none.
func valuesOfMaps(_ maps: Vector, _ keys: Vector) -> Vector {
  let count = maps.count
  let chosen = Buffer(capacity: count * 4)
  let out = chosen.typed(UInt32.self)
  let candidates = maps.children[0]
  for row in 0..<count {
    out[row] = Selection.none
    if maps.isNull(row) || keys.isNull(row) { continue }
    for entry in maps.range(row)
    where ValueOrder.compare(candidates, entry, keys, row) == 0 {
      out[row] = UInt32(truncatingIfNeeded: entry)
      break
    }
  }
  return maps.children[1].gathered(Selection(buffer: chosen, count: count), hasMissing: true)
}
