import Columns
import Connectors
import Contract
import Expressions
import Glibc
import Operators
import Streaming
import Synchronization

/// What a script's session holds: its settings, the functions and connectors that it knows, the
/// tables it made and the queries it started.
///
/// The script's thread changes it; queries take what they need when they start.
public final class Session {
  public private(set) var settings: Settings
  public let functions: FunctionCatalog
  /// The script's own (`session.udf:register`), by name.
  var registered: [String: LuaTable] = [:]
  private let builtIn: ConnectorCatalog
  /// `moontide.source` and `moontide.sink`.
  var declaredSources: [LuaConnector] = []
  var declaredSinks: [LuaConnector] = []
  public private(set) var appName = "moontide"
  /// In which text is read and printed.
  public private(set) var timeZone = TimeZone.utc
  /// What memory sinks write, by query name.
  public let tables = MemoryTables()
  /// Its streaming queries.
  let running = RunningQueries()
  /// By the ids of persisted plans: their rows, once they are computed.
  var persisted: [Int: ScriptRows?] = [:]
  private var threads: Int?
  private var madePool: WorkerPool?
  /// Spark's settings that mean nothing here and were warned of.
  private var warned: Set<String> = []

  public init(settings: Settings, functions: FunctionCatalog, connectors: ConnectorCatalog) {
    self.settings = settings
    self.functions = functions
    builtIn = connectors
    limitMemory()
  }

  /// What a plan that is analysed now may read and write. The script's own sources are captured
  /// anew for each.
  public var connectors: ConnectorCatalog {
    ConnectorCatalog(
      sources: builtIn.sources + [
        MemoryStream.source, StateSource.spec(PosixStorage()),
        StateMetadataSource.spec(PosixStorage()),
      ] + declaredSources.map(LuaSource.spec),
      sinks: builtIn.sinks + [tables.sink, ForeachBatchSink.spec, ForeachSink.spec]
        + declaredSinks.map(LuaSink.spec))
  }

  /// The worker threads, made when first needed.
  public var pool: WorkerPool {
    if let madePool { return madePool }
    let pool = WorkerPool(count: threads ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    madePool = pool
    return pool
  }

  /// `moontide.session { appName =, master = }`.
  func configure(appName: String?, threads: Int?) throws {
    if let appName { self.appName = appName }
    guard let threads, threads != self.threads else { return }
    if let madePool, madePool.count != threads {
      throw Failure(
        "CANNOT_MODIFY_STATIC_CONFIG", "the session runs with \(madePool.count) threads already",
        hint: "Give `master` before the first query.")
    }
    self.threads = threads
  }

  // MARK: Settings

  func setting(_ name: String) throws -> String? {
    isForeign(name) ? nil : try settings.text(name)
  }

  func set(_ name: String, to text: String) throws {
    if isForeign(name) { return }
    var changed = settings
    try changed.set(name, to: text)
    try take(changed)
  }

  func unset(_ name: String) throws {
    if isForeign(name) { return }
    var changed = settings
    try changed.unset(name)
    try take(changed)
  }

  /// A time zone that there is not leaves the settings as they were.
  private func take(_ changed: Settings) throws {
    timeZone = try TimeZone.named(changed[text: "moontide.session.timeZone"])
    settings = changed
    ScriptLog.show(from: changed[text: "moontide.log.level"])
    limitMemory()
  }

  /// The limit is the process's.
  private func limitMemory() {
    let limit = settings[size: "moontide.memory.limit"].bytes(of: MachineMemory.bytes)
    MemoryWatch.shared.setLimit(bytes: Int(limit))
  }

  /// Spark's settings of its cluster, so that a ported script runs: one warning each.
  private func isForeign(_ name: String) -> Bool {
    let lower = name.lowercased()
    guard lower.hasPrefix("spark."), !lower.hasPrefix("spark.sql.") else { return false }
    // Always so: nothing to warn of.
    if lower == "spark.streaming.stopgracefullyonshutdown" { return true }
    if warned.insert(lower).inserted {
      ScriptLog.write("warn", "the setting `\(name)` means nothing here and is left out")
    }
    return true
  }
}
