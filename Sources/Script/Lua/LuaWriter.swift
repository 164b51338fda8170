import CLua
import Contract

/// Writes values for `moontide_push`, which builds them in Lua within one protected call.
struct LuaWriter {
  var bytes: [UInt8] = []
  private var depth = 0

  mutating func write(_ value: LuaValue, in state: LuaState) throws {
    switch value {
    case .nil: tag(MOONTIDE_NIL)
    case .null: tag(MOONTIDE_NULL)
    case .boolean(let value): tag(value ? MOONTIDE_TRUE : MOONTIDE_FALSE)
    case .integer(let value):
      tag(MOONTIDE_INTEGER)
      raw(value)
    case .number(let value):
      tag(MOONTIDE_NUMBER)
      raw(value)
    case .string(let text): write(text)
    case .bytes(let content): write(bytes: content)
    case .table(let table): try write(table, in: state)
    case .function(let reference):
      precondition(reference.registry === state.registry, "a reference went to another state")
      tag(MOONTIDE_REFERENCE)
      raw(reference.key)
    case .object(let object):
      tag(MOONTIDE_OBJECT)
      raw(state.handle(for: object))
      text(type(of: object).luaClass)
    case .failure(let failure): write(failure)
    case .opaque(let name):
      throw Failure("UNSUPPORTED_VALUE", "A \(name) cannot be given back to Lua.")
    }
  }

  mutating func write(_ content: String) {
    tag(MOONTIDE_STRING)
    text(content)
  }

  mutating func write(bytes content: some Collection<UInt8>) {
    tag(MOONTIDE_STRING)
    raw(UInt32(content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func write(_ table: LuaTable, in state: LuaState) throws {
    guard depth < Int(MOONTIDE_DEPTH) else {
      throw Failure("NESTED_TOO_DEEP", "A table is nested deeper than \(MOONTIDE_DEPTH) levels.")
    }
    depth += 1
    defer { depth -= 1 }
    tag(MOONTIDE_TABLE)
    raw(UInt32(table.list.count))
    raw(UInt32(table.fields.count + table.others.count))
    for element in table.list { try write(element, in: state) }
    for (name, value) in table.fields {
      write(name)
      try write(value, in: state)
    }
    for (key, value) in table.others {
      try write(key, in: state)
      try write(value, in: state)
    }
  }

  mutating func tag<Tag: RawRepresentable>(_ tag: Tag) where Tag.RawValue: BinaryInteger {
    bytes.append(UInt8(tag.rawValue))
  }
  mutating func tag(_ tag: Int) { bytes.append(UInt8(tag)) }

  mutating func raw<Value: BitwiseCopyable>(_ value: Value) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// Length and bytes, without a tag.
  mutating func text(_ content: String) {
    raw(UInt32(content.utf8.count))
    bytes.append(contentsOf: content.utf8)
  }
}
