import CLua
import Contract

// Errors cross the border both ways and lose nothing: a `Failure` is a table with `class`,
// `message`, `hint`, `where`, `details`, `traceback` and `cause` in Lua; any other error value of
// Lua's becomes a `Failure` with the condition LUA_ERROR.

extension LuaWriter {
  /// Writes the error table of a failure.
  mutating func write(_ failure: Failure) {
    let texts = [
      ("class", failure.condition), ("message", failure.message), ("hint", failure.hint),
      ("where", failure.origin?.description), ("traceback", failure.traceback),
    ].compactMap { name, text in text.map { (name, $0) } }
    let details = failure.details.isEmpty ? 0 : 1
    tag(MOONTIDE_ERROR)
    tag(MOONTIDE_TABLE)
    raw(UInt32(0))
    raw(UInt32(texts.count + details + (failure.cause == nil ? 0 : 1)))
    for (name, text) in texts {
      write(name)
      write(text)
    }
    if details > 0 {
      write("details")
      tag(MOONTIDE_TABLE)
      raw(UInt32(failure.details.count))
      raw(UInt32(0))
      for detail in failure.details { write(detail) }
    }
    if let cause = failure.cause {
      write("cause")
      write(cause)
    }
  }
}

extension Failure {
  /// What an error table says. A text that is no text is left out.
  init(luaTable table: LuaTable) {
    let condition = table["class"].text ?? "LUA_ERROR"
    var message = table["message"].text ?? "an error without a message"
    var origin = table["where"].text.flatMap(Origin.init(text:))
    if condition == "LUA_ERROR", origin == nil, let (found, rest) = Origin.leading(message) {
      origin = found
      message = rest
    }
    self.init(
      condition, message, hint: table["hint"].text,
      details: (table["details"].table?.list ?? []).compactMap(\.text), origin: origin,
      traceback: table["traceback"].text,
      cause: table["cause"].table.map { Failure(luaTable: $0) }
        ?? table["cause"].text.map { Failure("LUA_ERROR", $0) })
  }
}

extension Failure {
  /// A plain error of Lua's under Spark's condition for the function that raised it; an error of
  /// the engine's keeps its own.
  func ofUserFunction(_ condition: String) -> Failure {
    guard self.condition == "LUA_ERROR" else { return self }
    return Failure(
      condition, message, hint: hint, details: details, origin: origin, traceback: traceback,
      cause: cause)
  }
}

extension LuaValue {
  /// A string as text, mended where it is no UTF-8.
  var text: String? {
    switch self {
    case .string(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    default: nil
    }
  }
}

extension Origin {
  /// Reads `file:line`.
  init?(text: String) {
    guard let colon = text.lastIndex(of: ":"), let line = Int(text[text.index(after: colon)...])
    else { return nil }
    self.init(file: String(text[..<colon]), line: line)
  }

  /// Takes `file:line: ` off the front of a message of Lua's.
  static func leading(_ message: String) -> (Origin, String)? {
    var from = message.startIndex
    while let colon = message[from...].firstIndex(of: ":") {
      let rest = message[message.index(after: colon)...]
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      let after = rest[digits.endIndex...]
      if let line = Int(digits), after.hasPrefix(": "), colon > message.startIndex {
        let file = String(message[..<colon])
        return (Origin(file: file, line: line), String(after.dropFirst(2)))
      }
      if message[colon...].hasPrefix(": ") || message[from..<colon].contains("\n") { return nil }
      from = message.index(after: colon)
    }
    return nil
  }
}

extension LuaState {
  /// Pops the error on the stack top. Any value of Lua's is understood.
  func takeFailure() -> Failure {
    moontide_normalise_error(lua)
    defer { moontide_pop(lua, 1) }
    var reader = LuaReader(self)
    switch Result(catching: { try reader.value(at: -1) }) {
    case .success(.table(let table)): return Failure(luaTable: table)
    case .success(let value):
      return Failure("LUA_ERROR", value.text ?? "an error of the type \(value.typeName)")
    case .failure(let failure as Failure): return failure
    case .failure(let error): return Failure("LUA_ERROR", "\(error)")
    }
  }

  /// Pushes the error table of what a Swift function threw; returns what the trampoline raises.
  func pushFailure(_ error: any Error) -> Int32 {
    let failure = error as? Failure ?? Failure("INTERNAL_ERROR", "\(error)")
    var failed = failure
    if failed.origin == nil { failed.origin = LuaReader(self).origin() }
    var writer = LuaWriter()
    writer.write(failed)
    guard lua_checkstack(lua, 4) != 0 else { return Int32(MOONTIDE_EXHAUSTED) }
    var count: Int32 = 0
    let status = writer.bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { moontide_push(lua, $0, bytes.count, &count) } ?? LUA_OK
    }
    // Without memory for the table, Lua's own error value is on the stack top, and is raised.
    return Int32(status == MOONTIDE_NO_ROOM ? MOONTIDE_EXHAUSTED : MOONTIDE_RAISE)
  }
}
