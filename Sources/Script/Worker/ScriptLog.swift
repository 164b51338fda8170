import Contract
import Glibc
import Synchronization

/// Where `moontide.log` and a worker's `print` write: lines on standard error, unless the host says
/// otherwise.
public enum ScriptLog {
  /// Takes a level (`debug`, `info`, `warn`, `error`) and a line.
  public typealias Sink = @Sendable (_ level: String, _ line: String) -> Void

  /// From the least to the most severe.
  public static let levels = ["debug", "info", "warn", "error"]

  /// Levels below the one at this place are left out.
  private static let shown = Atomic<Int>(1)

  /// Leaves out what is less severe (`moontide.log.level`).
  static func show(from level: String) {
    shown.store(levels.firstIndex(of: level) ?? 1, ordering: .relaxed)
  }

  private static let current = Mutex<Sink>({ level, line in
    var text = level.uppercased() + " " + line + "\n"
    text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
  })

  /// Replaces the place where lines go.
  public static func send(to sink: @escaping Sink) { current.withLock { $0 = sink } }

  public static func write(_ level: String, _ line: String) {
    let severity = levels.firstIndex(of: level) ?? 0
    guard severity >= shown.load(ordering: .relaxed) else { return }
    let sink = current.withLock { $0 }
    sink(level, line)
  }

  /// `native.log(level, text [, fields])`.
  static func write(from call: LuaCall) throws -> Int {
    let level = try call.string(1)
    var line = try call.optionalString(2) ?? "nil"
    let fields = try call.optionalTable(3)?.fields ?? [:]
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
      line += " \(name)=\(value.logText)"
    }
    let place = [call.state.place?.description, call.origin?.description]
      .compactMap { $0 }.joined(separator: ", ")
    if !place.isEmpty { line += " (\(place))" }
    write(level, line)
    return 0
  }
}

/// What a worker's lines in the log say of where they come from.
struct BatchPlace: Sendable, CustomStringConvertible {
  let query: String
  /// nil: the query has no batches, since its rows end.
  let id: Int64?

  var description: String { id.map { "\(query), batch \($0)" } ?? query }
}

extension LuaValue {
  fileprivate var logText: String {
    switch self {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): text
    default: typeName
    }
  }
}
