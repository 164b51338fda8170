import Columns
import Contract

/// The elements of an ARRAY or MAP column, one after the other, and whose they are.
struct ListElements {
  /// The elements' values (of a MAP: keys and values), flat.
  let children: [Vector]
  /// For each element, the row that it belongs to.
  let rows: Selection
  /// `Int32` offsets of the rows into the elements.
  let offsets: Buffer
  let count: Int

  init(_ list: Vector) {
    let list = list.flat
    let offsets = Buffer(capacity: (list.count + 1) * 4)
    let ends = offsets.typed(Int32.self)
    ends[0] = 0
    var total = 0
    for row in 0..<list.count {
      if !list.isNull(row) { total += list.range(row).count }
      ends[row + 1] = Int32(total)
    }
    let rows = Buffer(capacity: total * 4)
    let elements = Buffer(capacity: total * 4)
    let (owners, picks) = (rows.typed(UInt32.self), elements.typed(UInt32.self))
    var next = 0
    var isContiguous = true
    for row in 0..<list.count where !list.isNull(row) {
      for element in list.range(row) {
        owners[next] = UInt32(truncatingIfNeeded: row)
        picks[next] = UInt32(truncatingIfNeeded: element)
        isContiguous = isContiguous && element == next
        next &+= 1
      }
    }
    let selection = Selection(buffer: elements, count: total)
    children = list.children.map {
      isContiguous && $0.count == total ? $0.flat : $0.gathered(selection)
    }
    self.rows = Selection(buffer: rows, count: total)
    self.offsets = offsets
    count = total
  }

  /// The elements of one row.
  @inline(__always)
  func range(_ row: Int) -> Range<Int> {
    let ends = offsets.typed(Int32.self)
    return Int(ends[row])..<Int(ends[row + 1])
  }
}

/// The longest array that a function makes by counting: a value of that size is held in memory
/// whole. Spark's own limit is that of Java's arrays.
let maximumElementCount = 1 << 26

/// Throws Spark's `COLLECTION_SIZE_LIMIT_EXCEEDED` when an array would be too long.
func requireElements(
  _ count: some BinaryInteger, function: String, _ cause: String = "PARAMETER"
) throws {
  if count > maximumElementCount {
    throw Failure(
      "COLLECTION_SIZE_LIMIT_EXCEEDED.\(cause)",
      "`\(function)` would make \(count) elements; an array has at most \(maximumElementCount)")
  }
}

extension DataType {
  /// The element type of an ARRAY; VOID for others (a bare NULL).
  var element: DataType {
    if case .array(let element, _) = self { element } else { .null }
  }

  var containsNull: Bool {
    if case .array(_, let containsNull) = self { containsNull } else { true }
  }
}

func collectionFunction(
  _ name: String, aliases: [String] = [], _ summary: String, _ parameters: [FunctionParameter],
  isVariadic: Bool = false, returns: String, _ examples: [Example], notes: String = "",
  bind: @escaping @Sendable (FunctionCall) throws -> Expression
) -> FunctionSpec {
  .scalar(
    name, aliases: aliases, category: "collections", summary: summary, parameters,
    isVariadic: isVariadic, returns: returns, examples: examples, notes: notes, bind: bind)
}

/// As `arrayParameter`, but a bare NULL is not taken for an array.
let properArrayParameter = FunctionParameter.column(
  "array", .exactly(.anyArray, orNull: false), "the array")
let properMapParameter = FunctionParameter.column(
  "map", .exactly(.anyMap, orNull: false), "the map")
let arrayParameter = FunctionParameter.column("array", .anyArray, "the array")
let mapParameter = FunctionParameter.column("map", .anyMap, "the map")

extension FunctionCall {
  /// An array and a value brought to one type: the array's elements and the value.
  /// Strings do not give way here; `isWide`: a DECIMAL may lose digits to make room.
  func withElement(
    _ array: Int = 0, _ value: Int = 1, isWide: Bool = false
  ) throws -> FunctionCall {
    let element = types[array].element
    let common =
      ImplicitCast.tightestCommonType(element, types[value], keepsFloat: true)
      ?? (isWide
        ? ImplicitCast.commonTypeWithoutStrings(element, types[value], keepsFloat: true) : nil)
    guard case .array = types[array], let common else {
      throw Failure(
        "DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES",
        "`\(name)` takes an array and a value of its element type, but they are "
          + "\"\(types[array])\" and \"\(types[value])\"", origin: origin)
    }
    var arguments = self.arguments
    arguments[array] = arguments[array].implicitlyCast(
      to: .array(common, containsNull: types[array].containsNull))
    arguments[value] = arguments[value].implicitlyCast(to: common)
    return with(arguments)
  }

  /// All arguments cast to the one ARRAY type that they turn into.
  func withCommonArrays() throws -> FunctionCall {
    guard case .array = types[0], case .array = types[1],
      let common = ImplicitCast.tightestCommonType(types[0], types[1], keepsFloat: true)
    else {
      throw Failure(
        "DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES",
        "`\(name)` takes two arrays of one element type, but they are \"\(types[0])\" and "
          + "\"\(types[1])\"", origin: origin)
    }
    return with(arguments.map { $0.implicitlyCast(to: common) })
  }

  /// Refuses arrays whose elements cannot be told apart, since maps have no equality.
  func refusingMaps() throws -> FunctionCall {
    let element = types[0].element
    if element.containsMap { throw notOrderable(element) }
    return self
  }

  /// Refuses a bare NULL for some arguments, as Spark does.
  func refusingNull(_ indices: Int...) throws -> FunctionCall {
    if let index = indices.first(where: { types[$0] == .null }) {
      throw Failure(
        "DATATYPE_MISMATCH.NULL_TYPE",
        "argument \(index + 1) of `\(name)` is NULL and has no type",
        hint: "Give it one: CAST(NULL AS …).", origin: origin)
    }
    return self
  }

  func refusingNonArray(_ index: Int) throws -> FunctionCall {
    guard case .array = types[index] else {
      throw unexpectedType(index, expected: "\"ARRAY\"")
    }
    return self
  }

  /// A key of another type than the map's.
  func differentKey(_ key: DataType) -> Failure {
    Failure(
      "DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES",
      "`\(name)` takes a map and a key of its type \"\(key)\", but the key is of the type "
        + "\"\(types[1])\"", origin: origin)
  }
}

extension Vector {
  /// The same values with 0.0 for -0.0, at any depth.
  var withoutNegativeZeros: Vector {
    let stored = isConstant ? min(count, 1) : count
    switch type {
    case .double, .float:
      let width = type == .double ? 8 : 4
      let out = Buffer(capacity: stored * width)
      for row in 0..<stored {
        if width == 8 {
          let value = typed(Double.self)[row]
          out.typed(Double.self)[row] = value == 0 ? 0 : value
        } else {
          let value = typed(Float.self)[row]
          out.typed(Float.self)[row] = value == 0 ? 0 : value
        }
      }
      return Vector(
        type, count: count, validity: validity, values: out, isConstant: isConstant)
    case _ where type.isNested && type.holdsFractions:
      return Vector(
        type, count: count, validity: validity, values: values, blocks: blocks,
        children: children.map(\.withoutNegativeZeros), isConstant: isConstant)
    default: return self
    }
  }
}

extension DataType {
  fileprivate var holdsFractions: Bool {
    isFraction || childTypes.contains(where: \.holdsFractions)
  }
}
