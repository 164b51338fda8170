import CLua
import Columns
import Connectors
import Contract

/// Rows that a script gave, as columns: what `createDataFrame` holds on to.
final class ScriptRows: LuaObject {
  static let luaClass = "moontide.Rows"

  let schema: Schema
  let batches: [Batch]

  init(_ batches: [Batch], schema: Schema) {
    self.schema = schema
    self.batches = batches
  }

  /// Reads the list of rows at a position of a call: each a list of values, or a table of fields.
  static func read(_ call: LuaCall, position: Int32, schema: Schema) throws -> Batch {
    let state = call.state
    let reader = try ValueReader(.structure(schema.fields), in: state)
    let count = Int64(lua_rawlen(state.lua, position))
    guard lua_checkstack(state.lua, 4) != 0 else {
      throw Failure("LUA_ERROR", "the Lua stack overflows")
    }
    var place: Int64 = 1
    while place <= count {
      lua_rawgeti(state.lua, position, place)
      defer { moontide_pop(state.lua, 1) }
      guard lua_type(state.lua, -1) == LUA_TTABLE else {
        throw Failure(
          "WRONG_ROW", "row \(place) is \(LuaReader.typeName(state.lua, at: -1)), not a table",
          hint: "A row is a list of values, or a table of fields.")
      }
      do { try reader.read(at: -1) } catch {
        let column = error.path.hasPrefix(".") ? String(error.path.dropFirst()) : error.path
        let subject = column.isEmpty ? "row \(place)" : "row \(place), column `\(column)`"
        throw Failure("WRONG_ROW", "\(subject): \(error.message)", hint: error.hint)
      }
      place += 1
    }
    let rows = reader.builder.finish()
    return Batch(rows.children, count: rows.count)
  }
}

/// A memory stream, as the script holds it.
final class MemoryInput: LuaObject {
  static let luaClass = "moontide.MemoryInput"

  let stream: MemoryStream

  init(schema: Schema) { stream = MemoryStream(schema: schema) }
}
