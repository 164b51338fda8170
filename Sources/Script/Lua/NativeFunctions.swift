import Columns
import Contract

/// What `moontide.log` and `moontide.time` are made of, in every kind of state.
enum NativeFunctions {
  static var all: [String: LuaBody] {
    [
      "log": { try ScriptLog.write(from: $0) },
      "parseTime": { try parseTime($0) },
      "formatTime": { try formatTime($0) },
      "suggest": { call in
        let names = try call.table(2).list.compactMap(\.string)
        return try call.push(.optional(Suggestion.sentence(for: call.string(1), among: names)))
      },
    ]
  }

  /// `parseTime(text [, pattern])`: microseconds of an instant's text; without a pattern as CAST
  /// reads it.
  private static func parseTime(_ call: LuaCall) throws -> Int {
    var text = try call.string(1)
    if let pattern = try call.optionalString(2) {
      let compiled = try DateTimePattern(pattern, for: .parsing)
      let zone = call.state.timeZone
      return try call.push(
        .integer(
          try text.withUTF8 { bytes in
            guard let us = compiled.timestamp(bytes, zone: zone) else {
              throw compiled.failure(bytes)
            }
            return us
          }))
    }
    var reader = TimestampReader(zone: call.state.timeZone, nowUs: call.state.nowUs)
    guard let us = text.withUTF8({ reader.read($0) }) else {
      throw Failure("CAST_INVALID_INPUT", "\"\(text)\" is no timestamp.")
    }
    return try call.push(.integer(us))
  }

  /// `formatTime(us [, pattern])`: the text of an instant; without a pattern as CAST writes it.
  private static func formatTime(_ call: LuaCall) throws -> Int {
    var bytes: [UInt8] = []
    let zone = call.state.timeZone
    if let pattern = try call.optionalString(2) {
      var printer = PatternPrinter(try DateTimePattern(pattern, for: .formatting), zone: zone)
      let us = try call.integer(1)
      guard printer.append(us, to: &bytes) else {
        throw Failure("DATETIME_FIELD_OUT_OF_BOUNDS", "\(us) cannot be printed as `\(pattern)`.")
      }
    } else {
      var writer = TimestampWriter(zone: zone)
      writer.append(try call.integer(1), to: &bytes)
    }
    return try call.push(.string(String(decoding: bytes, as: UTF8.self)))
  }
}
