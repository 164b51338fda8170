import CLua
import Columns
import Contract
import Expressions
import Glibc

/// Calls of one Lua function for some rows, in one protected call.
struct FunctionCalls {
  private var calls: moontide_calls
  private let function: LuaReference
  private let columns: LuaColumns
  /// The groups' keys: one row each.
  private let key: LuaColumns?
  private let offsets: [Int64]
  /// Arguments before the key and the rows, and after them.
  var before: [LuaReference] = []
  var after: [LuaReference] = []

  /// One call a row: with the row's values, or with a row object.
  init(_ function: LuaReference, _ columns: LuaColumns, asRow: Bool, count: Int) {
    self.init(
      function, columns, form: asRow ? MOONTIDE_AS_ROW : MOONTIDE_AS_VALUES, count: count,
      key: nil, offsets: [])
  }

  /// One call a group: group `g` has the rows from `offsets[g]` to before `offsets[g + 1]`.
  init(_ function: LuaReference, _ columns: LuaColumns, key: LuaColumns?, offsets: [Int]) {
    self.init(
      function, columns, form: MOONTIDE_AS_GROUP, count: offsets.count - 1, key: key,
      offsets: offsets.map { Int64($0) })
  }

  private init(
    _ function: LuaReference, _ columns: LuaColumns, form: Int, count: Int, key: LuaColumns?,
    offsets: [Int64]
  ) {
    self.function = function
    self.columns = columns
    self.key = key
    self.offsets = offsets
    calls = moontide_calls()
    calls.function = function.key
    calls.form = Int32(form)
    calls.rows = UnsafePointer(columns.rows)
    calls.count = Int64(count)
    calls.key = (key?.rows).map { UnsafePointer($0) }
    calls.take = takeResult
  }

  /// Leaves the rows out: the key is all that a call gets of its group.
  mutating func omitRows() { calls.form = Int32(MOONTIDE_AS_KEY) }

  /// Gives the group's row, of which there is one, instead of the rows.
  mutating func useFirstRow() { calls.form = Int32(MOONTIDE_AS_ROW) }

  /// The same calls with results of a fixed width written to a vector, with no Swift between; nil
  /// if the type is none of these.
  mutating func runIntoVector(_ state: LuaState, _ taker: ResultTaker) throws -> Vector? {
    let type = taker.reader.type
    switch type {
    case .boolean, .int, .date, .yearMonthInterval, .long, .timestamp, .timestampNtz,
      .dayTimeInterval, .double:
      break
    default: return nil
    }
    let count = Int(calls.count)
    let values =
      type == .boolean
      ? Buffer.zeroed(capacity: Bitmap.byteCount(count)) : Buffer(capacity: count * 8)
    let validity = Bitmap.filled(true, count: count)
    calls.resultKind = Int32(type.luaKind)
    calls.results = values.pointer
    calls.validity = validity.typed(UInt8.self)
    try run(state, taker)
    let nulls = Int(calls.nulls)
    // A NULL's bytes are written too, since kernels may read them.
    if nulls > 0, type != .boolean {
      let width = calls.resultKind == MOONTIDE_INT64_COLUMN || type == .double ? 8 : 4
      for row in 0..<count where !Bitmap.get(validity.pointer, row) {
        memset(values.pointer + row * width, 0, width)
      }
    }
    return Vector(
      type, count: count, validity: nulls > 0 ? validity : nil, nullCount: nulls, values: values)
  }

  /// Calls, and reads the results. A row or group that fails is a `RowFailure`.
  mutating func run(_ state: LuaState, _ taker: ResultTaker) throws {
    precondition(before.count <= 2 && after.count <= 2, "at most two arguments on each side")
    calls.beforeCount = Int32(before.count)
    calls.before = (before.first?.key ?? 0, before.last?.key ?? 0)
    calls.afterCount = Int32(after.count)
    calls.after = (after.first?.key ?? 0, after.last?.key ?? 0)
    calls.context = Unmanaged.passUnretained(taker).toOpaque()
    calls.enter = taker.enter == nil ? nil : enterCall
    defer { withExtendedLifetime((columns, key, function, before, after, taker)) {} }
    let status = offsets.withUnsafeBufferPointer { offsets in
      calls.offsets = offsets.baseAddress
      return moontide_call_rows(state.lua, &calls)
    }
    try taker.check(status, state, row: Int(calls.row))
  }
}

/// Reads the results of calls into builders.
final class ResultTaker {
  enum Form {
    /// One value of the reader's type.
    case value
    /// Whether a row stays; nil is no.
    case truth
    /// One row of the reader's structure; nil is an error.
    case row
    /// A list of such rows; nil is none.
    case rows
    /// Nothing.
    case nothing
  }

  let reader: ValueReader
  private let form: Form
  /// For each row made, the row it came from.
  private(set) var sources: [Int] = []
  private(set) var refusal: Failure?
  private let state: LuaState
  /// Told of each call before it is made.
  var enter: ((_ row: Int) -> Void)?

  init(_ reader: ValueReader, _ form: Form) {
    self.reader = reader
    self.form = form
    state = reader.state
  }

  /// Throws what ended the calls, if anything did.
  func check(_ status: Int32, _ state: LuaState, row: Int) throws {
    do { try state.check(status) } catch var failure as Failure {
      // A deadline or a limit is the batch's: no row is put aside for it.
      if state.isSpent {
        failure.details.append("at row \(row + 1)")
        throw failure
      }
      throw RowFailure(row: row, failure)
    }
    if let refusal { throw RowFailure(row: row, refusal) }
  }

  fileprivate func take(row: Int) -> Bool {
    do throws(Mismatch) {
      switch form {
      case .truth where lua_type(state.lua, -1) == LUA_TNIL: reader.builder.append(boolean: false)
      case .value, .truth: try reader.read(at: -1)
      case .row:
        try takeRow(at: -1)
        sources.append(row)
      case .rows: try takeRows(row)
      case .nothing: break
      }
      return true
    } catch {
      refusal = Failure(
        "WRONG_RESULT", message(error), hint: error.hint)
      return false
    }
  }

  private func message(_ mismatch: Mismatch) -> String {
    switch form {
    case .row, .rows:
      let path = mismatch.path.hasPrefix(".") ? String(mismatch.path.dropFirst()) : mismatch.path
      return path.isEmpty
        ? "The function's result: \(mismatch.message)."
        : "The function's result, column `\(path)`: \(mismatch.message)."
    default: return "The function's result\(mismatch.path): \(mismatch.message)."
    }
  }

  private func takeRow(at index: Int32) throws(Mismatch) {
    guard lua_type(state.lua, index) == LUA_TTABLE else {
      let name = LuaReader.typeName(state.lua, at: index)
      throw Mismatch("\(name) is no row", hint: "Give a list of values or a table of fields.")
    }
    try reader.read(at: index)
  }

  private func takeRows(_ row: Int) throws(Mismatch) {
    let lua = state.lua
    if lua_type(lua, -1) == LUA_TNIL { return }
    guard lua_type(lua, -1) == LUA_TTABLE else {
      throw Mismatch("\(LuaReader.typeName(lua, at: -1)) is no list of rows")
    }
    let list = lua_gettop(lua)
    let count = Int64(lua_rawlen(lua, list))
    guard lua_checkstack(lua, 4) != 0 else { throw Mismatch("the Lua stack overflows") }
    lua_pushnil(lua)
    while lua_next(lua, list) != 0 {
      moontide_pop(lua, 1)
      let place = moontide_integer(lua, -1)
      guard lua_isinteger(lua, -1) != 0, place >= 1, place <= count else {
        lua_settop(lua, list)
        throw Mismatch(
          "a table with other keys than 1…n is no list of rows", hint: "Return { row, row, … }.")
      }
    }
    var place: Int64 = 1
    while place <= count {
      lua_rawgeti(lua, list, place)
      try takeRow(at: -1)
      sources.append(row)
      moontide_pop(lua, 1)
      place += 1
    }
  }
}

/// What the C loop calls before each call.
private let enterCall: @convention(c) (UnsafeMutableRawPointer?, Int64) -> Void = { context, row in
  guard let context else { return }
  Unmanaged<ResultTaker>.fromOpaque(context).takeUnretainedValue().enter?(Int(row))
}

/// What the C loop calls for each result. Never raises.
let takeResult: @convention(c) (OpaquePointer, UnsafeMutableRawPointer?, Int64) -> Bool = {
  _, context, row in
  guard let context else { return false }
  return Unmanaged<ResultTaker>.fromOpaque(context)._withUnsafeGuaranteedRef {
    $0.take(row: Int(row))
  }
}
