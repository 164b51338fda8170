import CLua
import Columns
import Contract

/// Why a value of Lua's does not fit its column: a path inside the column, and what is wrong.
struct Mismatch: Error {
  var path = ""
  let message: String
  var hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  func inside(_ step: String) -> Mismatch {
    var copy = self
    copy.path = step + path
    return copy
  }
}

/// Reads Lua values of one type from the stack into a builder, by the rules of "Coming back": a
/// value of another type is refused, never turned into NULL. Calls nothing that can raise.
final class ValueReader {
  let type: DataType
  let builder: VectorBuilder
  private let isNullable: Bool
  let state: LuaState
  private let children: [ValueReader]
  /// The list of a structure's field names, in the registry.
  private let names: LuaReference?
  private let fields: [Field]

  convenience init(_ type: DataType, in state: LuaState) throws {
    try self.init(type, isNullable: true, VectorBuilder(type), state)
  }

  private init(
    _ type: DataType, isNullable: Bool, _ builder: VectorBuilder, _ state: LuaState
  ) throws {
    self.type = type
    self.isNullable = isNullable
    self.builder = builder
    self.state = state
    switch type {
    case .array(let element, let containsNull):
      children = [try ValueReader(element, isNullable: containsNull, builder.children[0], state)]
    case .map(let key, let value, let containsNull):
      children = [
        try ValueReader(key, isNullable: false, builder.children[0], state),
        try ValueReader(value, isNullable: containsNull, builder.children[1], state),
      ]
    case .structure(let fields):
      children = try zip(fields, builder.children).map {
        try ValueReader($0.type, isNullable: $0.isNullable, $1, state)
      }
    default: children = []
    }
    if case .structure(let fields) = type {
      self.fields = fields
      try state.push([.strings(fields.map(\.name))])
      names = try state.takeReference()
    } else {
      fields = []
      names = nil
    }
  }

  /// Appends the value at a stack index.
  func read(at index: Int32) throws(Mismatch) {
    let lua = state.lua
    let kind = lua_type(lua, index)
    if kind == LUA_TNIL || (kind == LUA_TLIGHTUSERDATA && lua_touserdata(lua, index) == nil) {
      guard isNullable else { throw Mismatch("must not be NULL") }
      return builder.appendNull()
    }
    switch type {
    case .boolean where kind == LUA_TBOOLEAN:
      builder.append(boolean: lua_toboolean(lua, index) != 0)
    case .byte: builder.append(integer: try integer(at: index, kind, Int8.self))
    case .short: builder.append(integer: try integer(at: index, kind, Int16.self))
    case .int, .date, .yearMonthInterval:
      builder.append(integer: try integer(at: index, kind, Int32.self))
    case .long, .timestamp, .timestampNtz, .dayTimeInterval:
      builder.append(integer: try integer(at: index, kind, Int64.self))
    case .float where kind == LUA_TNUMBER, .double where kind == LUA_TNUMBER:
      builder.append(double: lua_tonumberx(lua, index, nil))
    case .decimal(let precision, let scale):
      builder.append(decimal: try decimal(at: index, kind, precision: precision, scale: scale))
    case .string where kind == LUA_TSTRING, .binary where kind == LUA_TSTRING:
      builder.append(bytes: UnsafeRawBufferPointer(LuaReader.bytes(lua, at: index)))
    case .calendarInterval where kind == LUA_TSTRING:
      guard let interval = IntervalText.read(LuaReader.bytes(lua, at: index)) else {
        throw Mismatch("is no interval such as `1 month 2 days`")
      }
      builder.append(decimal: interval.bits)
    case .array where kind == LUA_TTABLE: try list(at: index)
    case .map where kind == LUA_TTABLE: try map(at: index)
    case .structure where kind == LUA_TTABLE: try structure(at: index)
    default: throw wrong(at: index)
    }
  }

  // MARK: Scalars

  @inline(__always)
  private func integer<I: FixedWidthInteger>(
    at index: Int32, _ kind: Int32, _ width: I.Type
  ) throws(Mismatch) -> Int64 {
    guard kind == LUA_TNUMBER else { throw wrong(at: index) }
    var isExact: Int32 = 0
    // A float with an integral value in range (`6/2`) is that integer.
    let value = lua_tointegerx(state.lua, index, &isExact)
    guard isExact != 0 else { throw wrong(at: index) }
    guard value >= Int64(I.min), value <= Int64(I.max) else {
      throw Mismatch("\(value) is out of the range of \(type)")
    }
    return value
  }

  private func decimal(
    at index: Int32, _ kind: Int32, precision: Int, scale: Int
  ) throws(Mismatch) -> Int128 {
    let lua = state.lua
    let reading: DecimalText.Reading
    if lua_isinteger(lua, index) != 0 {
      let value = Int128(moontide_integer(lua, index))
      reading =
        Decimals.rescale(value, from: 0, to: scale, precision: precision)
        .map { .value($0) } ?? .outOfRange
    } else if kind == LUA_TSTRING {
      reading = DecimalText.read(
        LuaReader.bytes(lua, at: index), precision: precision, scale: scale)
    } else if kind == LUA_TNUMBER {
      throw Mismatch(
        "a float has no exact digits for \(type)", hint: "Give a string or an integer.")
    } else {
      reading = .malformed
    }
    switch reading {
    case .value(let unscaled): return unscaled
    case .malformed: throw wrong(at: index)
    case .outOfRange: throw Mismatch("\(shown(at: index)) does not fit \(type)")
    }
  }

  // MARK: Nested values

  private func list(at index: Int32) throws(Mismatch) {
    let lua = state.lua
    let index = lua_absindex(lua, index)
    guard lua_checkstack(lua, 6) != 0 else { throw Mismatch("is nested too deep") }
    let top = lua_gettop(lua)
    defer { lua_settop(lua, top) }
    var (keys, last): (Int64, Int64) = (0, 0)
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      moontide_pop(lua, 1)
      guard lua_isinteger(lua, -1) != 0, moontide_integer(lua, -1) >= 1 else {
        throw Mismatch("a table with other keys than 1…n is no \(type)")
      }
      keys += 1
      last = max(last, moontide_integer(lua, -1))
    }
    guard last == keys else {
      throw Mismatch(
        "the list has a hole: of \(last) elements \(last - keys) are nil",
        hint: "NULL in an array is moontide.null.")
    }
    var place: Int64 = 1
    while place <= last {
      lua_rawgeti(lua, index, place)
      do { try children[0].read(at: -1) } catch { throw error.inside("[\(place)]") }
      moontide_pop(lua, 1)
      place += 1
    }
    builder.endList()
  }

  private func map(at index: Int32) throws(Mismatch) {
    let lua = state.lua
    let index = lua_absindex(lua, index)
    guard lua_checkstack(lua, 6) != 0 else { throw Mismatch("is nested too deep") }
    let top = lua_gettop(lua)
    defer { lua_settop(lua, top) }
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      do { try children[0].read(at: -2) } catch { throw error.inside(" (a key)") }
      do { try children[1].read(at: -1) } catch { throw error.inside("[\(shown(at: -2))]") }
      moontide_pop(lua, 1)
    }
    builder.endList()
  }

  private func structure(at index: Int32) throws(Mismatch) {
    try readFields(at: index)
    builder.endStructure()
  }

  /// Appends one value to each field's builder: of a table with names, or of a list.
  func readFields(at index: Int32) throws(Mismatch) {
    let lua = state.lua
    let index = lua_absindex(lua, index)
    guard lua_checkstack(lua, 8) != 0, let names else { throw Mismatch("is nested too deep") }
    let top = lua_gettop(lua)
    defer { lua_settop(lua, top) }
    lua_pushnil(lua)
    let isNamed = lua_next(lua, index) != 0 && lua_type(lua, -2) == LUA_TSTRING
    lua_settop(lua, top)
    moontide_push_reference(lua, names.key)
    var found = 0
    for (place, child) in children.enumerated() {
      lua_rawgeti(lua, isNamed ? top + 1 : index, Int64(place + 1))
      if isNamed { lua_rawget(lua, index) }
      if lua_type(lua, -1) != LUA_TNIL { found += 1 }
      do { try child.read(at: -1) } catch {
        throw error.inside("." + fields[place].name)
      }
      moontide_pop(lua, 1)
    }
    try checkCount(at: index, found, isNamed)
  }

  /// Looks for fields that the type does not have.
  private func checkCount(at index: Int32, _ found: Int, _ isNamed: Bool) throws(Mismatch) {
    let lua = state.lua
    var count = 0
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      moontide_pop(lua, 1)
      count += 1
    }
    if count == found { return }
    lua_pushnil(lua)
    while lua_next(lua, index) != 0 {
      moontide_pop(lua, 1)
      if isNamed {
        let name = shown(at: -1, quoted: false)
        if fields.contains(where: { $0.name == name }) { continue }
        throw Mismatch(
          "there is no field `\(name)`",
          hint: Suggestion.sentence(for: name, among: fields.map(\.name))
            ?? "The fields are: \(fields.map(\.name).joined(separator: ", ")).")
      }
      let place = moontide_integer(lua, -1)
      if lua_isinteger(lua, -1) != 0, place >= 1, place <= fields.count { continue }
      throw Mismatch("there is an element at \(shown(at: -1)), but only \(fields.count) columns")
    }
  }

  // MARK: Words

  private func wrong(at index: Int32) -> Mismatch {
    let name = LuaReader.typeName(state.lua, at: index)
    let value = shown(at: index)
    return Mismatch("\(name)\(value.isEmpty ? "" : " (\(value))") is no \(type)")
  }

  /// A number, string or boolean as an error shows it.
  private func shown(at index: Int32, quoted: Bool = true) -> String {
    let lua = state.lua
    switch lua_type(lua, index) {
    case LUA_TBOOLEAN: return lua_toboolean(lua, index) != 0 ? "true" : "false"
    case LUA_TNUMBER:
      return lua_isinteger(lua, index) != 0
        ? "\(moontide_integer(lua, index))" : "\(lua_tonumberx(lua, index, nil))"
    case LUA_TSTRING:
      let text = String(decoding: LuaReader.bytes(lua, at: index).prefix(80), as: UTF8.self)
      return quoted ? "\"\(text)\"" : text
    default: return ""
    }
  }
}
