import Columns
import Contract

/// What `moontide.log` and `moontide.time` are made of, in every kind of state.
enum NativeFunctions {
  static var all: [String: LuaBody] {
    [
      "log": { try ScriptLog.write(from: $0) },
      "parseTime": { try parseTime($0) },
      "formatTime": { try formatTime($0) },
    ]
  }

  /// `parseTime(text)`: microseconds of an instant's text, as CAST reads it.
  private static func parseTime(_ call: LuaCall) throws -> Int {
    var text = try call.string(1)
    var reader = TimestampReader(zone: call.state.timeZone, nowUs: call.state.nowUs)
    guard let us = text.withUTF8({ reader.read($0) }) else {
      throw Failure("CAST_INVALID_INPUT", "\"\(text)\" is no timestamp.")
    }
    return try call.push(.integer(us))
  }

  /// `formatTime(us)`: the text of an instant, as CAST writes it.
  private static func formatTime(_ call: LuaCall) throws -> Int {
    var writer = TimestampWriter(zone: call.state.timeZone)
    var bytes: [UInt8] = []
    writer.append(try call.integer(1), to: &bytes)
    return try call.push(.string(String(decoding: bytes, as: UTF8.self)))
  }
}
