import Connectors
import Contract
import Operators
import Plan

/// A query to be started: an analysed and optimised plan, and where its rows go.
public struct QueryDefinition: Sendable {
  public var plan: any PlanNode
  public var outputMode: OutputMode
  public var trigger: Trigger
  public var name: String?
  public var sink: SinkSpec
  /// As the script named it: `console`.
  public var format: String
  /// The writer's options, `path` and `checkpointLocation` among them.
  public var options: Options
  public var partitionColumns: [String] = []
  public var settings: Settings
  public var context: FormatContext
  /// What the sink needs of the script: a `ForeachBatchHandler`, a `ForeachWriterFactory`, a Lua
  /// sink.
  public var host: (any Sendable)?
  /// Hash of the script's text.
  public var scriptHash = ""
  /// Hash of each function that travels to workers, by name.
  public var functionHashes: [(name: String, hash: String)] = []
  public var origin: Origin?

  public init(
    plan: any PlanNode, outputMode: OutputMode, trigger: Trigger = .asSoonAsPossible,
    name: String? = nil, sink: SinkSpec, options: Options = Options(), settings: Settings,
    context: FormatContext = FormatContext(), host: (any Sendable)? = nil, origin: Origin? = nil
  ) {
    self.plan = plan
    self.outputMode = outputMode
    self.trigger = trigger
    self.name = name
    self.sink = sink
    format = sink.spec.name
    self.options = options
    self.settings = settings
    self.context = context
    self.host = host
    self.origin = origin
  }
}

extension RunRecord.Sink {
  /// The sink that a definition opened.
  init(_ definition: QueryDefinition, _ sink: any StreamSink, _ badRows: BadRowFile?) {
    self.init(
      format: definition.format, description: sink.description,
      path: definition.options["path"].map {
        sink.lastLoggedBatch == nil ? $0 : LocalPath.absolute($0)
      }, badRows: badRows?.path.map { LocalPath.absolute($0) })
  }
}

/// What queries need of the world.
public struct QueryEnvironment: Sendable {
  public var clock: any Clock = SystemClock()
  public var storage: any Storage = PosixStorage()
  /// Of what queries write beside their sinks for others to read.
  public var outputStorage: any Storage = PosixStorage(isPrivate: false)
  public var random: @Sendable () -> UInt64 = { UInt64.random(in: 0...UInt64.max) }
  public var pool: WorkerPool
  /// Told of each step, so that a test can end the process there.
  public var faults: FaultPlan? = .environment
  /// Level (`warn`, `info`) and text.
  public var log: @Sendable (_ level: String, _ text: String) -> Void = { _, _ in }
  /// Called whenever something happened that a caller may wait for: a query has ended, or found
  /// nothing more to do.
  public var changed: @Sendable () -> Void = {}

  public init(pool: WorkerPool) { self.pool = pool }

  /// A random UUID as text.
  func uuid() -> String {
    func hex(_ value: UInt64) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    // Version 4, variant 1.
    let high = random() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = random() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    let (a, b) = (Array(hex(high)), Array(hex(low)))
    return String(a[0..<8]) + "-" + String(a[8..<12]) + "-" + String(a[12..<16]) + "-"
      + String(b[0..<4]) + "-" + String(b[4..<16])
  }
}
