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

let arrayParameter = FunctionParameter.column("array", .anyArray, "the array")
let mapParameter = FunctionParameter.column("map", .anyMap, "the map")

extension FunctionCall {
  /// An array and a value brought to one type: the array's elements and the value.
  func withElement(_ array: Int = 0, _ value: Int = 1) throws -> FunctionCall {
    let element = types[array].element
    guard let common = ImplicitCast.leastCommonType(element, types[value]) else {
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
    let call = try coercedToLeastCommonType()
    if case .array = call.types[0] { return call }
    if call.types[0] == .null {
      return call.with(
        call.arguments.map { $0.implicitlyCast(to: .array(.null, containsNull: true)) })
    }
    throw unexpectedType(0, expected: "\"ARRAY\"")
  }
}
