import Columns
import Contract

extension LuaValue {
  /// A value of the engine's as Lua sees it. NULL is nil, and `moontide.null` inside an array or
  /// map.
  init(_ scalar: Scalar, _ type: DataType, isInner: Bool = false) {
    switch (scalar, type) {
    case (.null, _): self = isInner ? .null : .nil
    case (.boolean(let value), _): self = .boolean(value)
    case (.integer(let value), _): self = .integer(value)
    case (.double(let value), _): self = .number(value)
    case (.decimal(let unscaled), .decimal(_, let scale)):
      var text: [UInt8] = []
      DecimalText.append(unscaled, scale: scale, to: &text)
      self = .string(String(decoding: text, as: UTF8.self))
    case (.decimal(let bits), .calendarInterval):
      var text: [UInt8] = []
      CalendarInterval(bits: bits).append(to: &text)
      self = .bytes(text)
    case (.bytes(let bytes), _): self = .bytes(bytes)
    case (.array(let elements), .array(let element, _)):
      self = .list(elements.map { LuaValue($0, element, isInner: true) })
    case (.map(let entries), .map(let key, let value, _)):
      self = .table(
        LuaTable(
          others: entries.map {
            (LuaValue($0.key, key, isInner: true), LuaValue($0.value, value, isInner: true))
          }))
    case (.structure(let values), .structure(let fields)): self = .table(LuaTable(values, fields))
    default: preconditionFailure("a value that is no \(type)")
    }
  }
}

extension LuaTable {
  /// A row as a table by field name; of two equal names the first wins.
  convenience init(_ values: [Scalar], _ fields: [Field]) {
    var named: [String: LuaValue] = [:]
    for (value, field) in zip(values, fields) where named[field.name] == nil && !value.isNull {
      named[field.name] = LuaValue(value, field.type)
    }
    self.init(fields: named)
  }
}

extension LuaCall {
  /// An argument that is a table of these fields, as their values.
  func scalars(_ position: Int, _ schema: Schema) throws -> [Scalar] {
    let reader = try ValueReader(.structure(schema.fields), in: state)
    return try scalars(at: Int32(position), reader, what: "argument \(position)")
  }

  /// An argument that is a list of such tables.
  func listOfScalars(_ position: Int, _ schema: Schema) throws -> [[Scalar]] {
    let reader = try ValueReader(
      .array(.structure(schema.fields), containsNull: false), in: state)
    do { try reader.read(at: Int32(position)) } catch {
      throw unfit("argument \(position)", error)
    }
    guard case .array(let rows) = reader.builder.finish().scalar(0) else {
      throw Failure("WRONG_ARGUMENT", "argument \(position) should be a list of tables, not nil")
    }
    return rows.map { row in
      if case .structure(let values) = row { values } else { [] }
    }
  }

  private func scalars(
    at index: Int32, _ reader: ValueReader, what: String
  ) throws -> [Scalar] {
    do { try reader.read(at: index) } catch { throw unfit(what, error) }
    guard case .structure(let values) = reader.builder.finish().scalar(0) else {
      throw Failure("WRONG_ARGUMENT", "\(what) should be a table, not nil", origin: origin)
    }
    return values
  }

  private func unfit(_ what: String, _ mismatch: Mismatch) -> Failure {
    let column = mismatch.path.hasPrefix(".") ? String(mismatch.path.dropFirst()) : mismatch.path
    let subject = column.isEmpty ? what : "\(what), field `\(column)`"
    return Failure("WRONG_ARGUMENT", "\(subject): \(mismatch.message)", hint: mismatch.hint)
  }
}

/// Values that a script takes one after the other: `for row in list:get() do`.
///
/// Border (`@unchecked Sendable`): used by the one thread that runs its Lua state.
final class LuaIterator: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.Iterator"

  private let items: [[LuaValue]]
  private var next = 0

  init(_ items: [[LuaValue]]) { self.items = items }

  static func register(in state: LuaState) throws {
    try state.registerClass(
      LuaIterator.self,
      [
        "__call": { call in
          let iterator = try call.object(1, as: LuaIterator.self)
          guard iterator.next < iterator.items.count else { return 0 }
          iterator.next += 1
          return try call.push(iterator.items[iterator.next - 1])
        }
      ])
  }
}
