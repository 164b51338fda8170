import Columns
import Contract
import Glibc
import Synchronization

@testable import Connectors

/// A folder with files to read, and the built-in connectors over it.
final class ConnectorWorld: Sendable {
  let folder = "/tmp/moontide-test-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
  let printed = Mutex("")
  let warnings = Mutex<[String]>([])
  private let retainedBatches = Mutex<Int?>(nil)
  /// Batches that logs keep; with a value they are also folded as often as they can be.
  var retained: Int? {
    get { retainedBatches.withLock { $0 } }
    set { retainedBatches.withLock { $0 = newValue } }
  }
  private let time = Mutex<Int64>(1_700_000_000_000_000)

  init() { mkdir(folder, 0o700) }

  deinit { try? PosixStorage().removeDirectory(folder) }

  var catalog: ConnectorCatalog {
    var environment = ConnectorEnvironment(print: { [self] text in
      printed.withLock { $0 += text }
    })
    environment.log = { [self] _, text in warnings.withLock { $0.append(text) } }
    return .builtIn(formats: FormatCatalog.builtIn.formats, environment)
  }

  struct TestClock: Clock {
    let world: ConnectorWorld
    var nowUs: Int64 { world.time.withLock { $0 } }
    var monotonicNs: Int64 { nowUs * 1000 }
    func wait(untilNs deadlineNs: Int64, or wake: WakeUp) {}
  }

  func turn(us: Int64) { time.withLock { $0 += us } }

  /// Writes a file whose modification time is `at` seconds.
  func write(_ name: String, _ text: String, at seconds: Int = 1_000_000) {
    let path = folder + "/" + name
    var directory = ""
    for part in path.split(separator: "/").dropLast() {
      directory += "/" + part
      mkdir(directory, 0o700)
    }
    let file = fopen(path, "w")
    fputs(text, file)
    fclose(file)
    let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, times, 0)
  }

  func exists(_ name: String) -> Bool { access(folder + "/" + name, F_OK) == 0 }

  func request(
    _ format: String, _ options: [String: String], schema: String? = nil, inference: Bool = false
  ) throws -> SourceRequest {
    var settings = Settings(
      FileSettings.all + [
        Setting("moontide.streaming.schemaInference", .boolean(inference), "Tests.")
      ])
    if let retained {
      try settings.set(FileSettings.retained, to: String(retained))
      try settings.set(FileSettings.sourceInterval, to: "1")
    }
    return SourceRequest(
      format: format, schema: try schema.map { try Schema(ddl: $0) },
      options: Options(options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
      settings: settings, context: FormatContext(), clock: TestClock(world: self))
  }

  /// A stream with its checkpoint folder; the same folder again is a restart.
  func stream(
    _ format: String, _ options: [String: String], schema: String? = nil,
    directory: String = "checkpoint"
  ) throws -> any StreamSource {
    let path = folder + "/" + directory
    mkdir(path, 0o700)
    guard let open = try catalog.source(format).stream else {
      throw Failure("TEST", "no stream")
    }
    return try open(request(format, options, schema: schema), path)
  }

  func sink(
    _ format: String, _ options: [String: String], schema: String, partitionBy: [String] = []
  ) throws -> SinkRequest {
    SinkRequest(
      format: format, schema: try Schema(ddl: schema),
      options: Options(options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
      partitionColumns: partitionBy, queryId: "q", settings: Settings(FileSettings.all),
      context: FormatContext(), clock: TestClock(world: self))
  }

  static func failure(_ body: () throws -> Void) -> String? {
    do { try body() } catch let failure as Failure { return failure.condition } catch {}
    return nil
  }
}

extension StreamSource {
  /// All columns of the rows between two offsets, as text.
  func rows(from start: SourceOffset?, to end: SourceOffset) throws -> [String] {
    try Self.rows(read(from: start, to: end), schema)
  }

  static func rows(_ splits: [any InputSplit], _ schema: Schema) throws -> [String] {
    var rows: [String] = []
    for split in splits {
      let stream = try split.open(
        ReadRequest(columns: Array(schema.fields.indices), batchRows: 2))
      while let batch = try stream.next() {
        for row in 0..<batch.count {
          rows.append(
            batch.columns.indices.map { column in
              switch batch.column(column).scalar(row) {
              case .integer(let value): String(value)
              case let value: value.text ?? "NULL"
              }
            }.joined(separator: " "))
        }
      }
    }
    return rows
  }

  /// The rows of each batch that comes until nothing is new.
  func batches(from start: SourceOffset? = nil) throws -> [[String]] {
    var found: [[String]] = []
    var at = try start ?? initialOffset()
    while let end = try latestOffset(from: at, limit: .asConfigured), end != at {
      found.append(try rows(from: at, to: end))
      at = end
    }
    return found
  }
}
