import Columns
import Connectors
import Contract

/// A source of the script's own: `moontide.source { name =, schema =, read =, … }`. One effect
/// state a query runs it; its functions take turns. Offsets are JSON values.
final class LuaSource: StreamSource {
  /// The component that a declaration describes, for one plan.
  static func spec(_ declared: LuaConnector) -> SourceSpec {
    let capture = CaptureOnce(declared)
    let open: @Sendable (SourceRequest) throws -> LuaSource = { request in
      let captured = try capture.get()
      return try LuaSource(captured.open(options: request.options, glue: glue), captured.name)
    }
    return SourceSpec(
      declared.spec(.source), schema: { try open($0).schema },
      stream: { request, _ in try open(request) },
      table: { request in try LuaTableSource { try open(request) } })
  }

  let schema: Schema
  private let name: String
  fileprivate let instance: EffectInstance

  private init(_ instance: EffectInstance, _ name: String) throws {
    self.instance = instance
    self.name = name
    guard let ddl = try instance.call("schema").text else {
      throw Failure("INVALID_SCHEMA", "`schema` of the source `\(name)` gave no schema.")
    }
    schema = try Schema(ddl: ddl)
  }

  var description: String { "\(name)[]" }

  func begin(batch id: Int64, of queryTitle: String) {
    instance.begin(BatchPlace(query: queryTitle, id: id))
  }

  func initialOffset() throws -> SourceOffset? {
    try instance.call("initialOffset").text.map { SourceOffset($0) }
  }

  // Its own function may limit a batch.
  var takesEverything: Bool { false }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) throws -> SourceOffset? {
    if let frozen { return frozen == start ? nil : frozen }
    let word: LuaValue = limit == .everything || freezes ? .string("everything") : .nil
    let end = try instance.call("latestOffset", [.optional(start?.json), word]).text.map {
      SourceOffset($0)
    }
    if freezes { frozen = end }
    return end
  }

  /// The trigger is availableNow: the first question decides where the query ends. It is asked
  /// from where the query stands, which may be far behind the first offset.
  private var freezes = false
  private var frozen: SourceOffset?

  func freezeForAvailableNow() { freezes = true }

  func read(from start: SourceOffset?, to end: SourceOffset) -> [any InputSplit] {
    [piece(from: start, to: end, closes: false)]
  }

  /// `closes`: nothing else is read, so that the source is closed behind the rows.
  fileprivate func piece(
    from start: SourceOffset?, to end: SourceOffset, closes: Bool
  ) -> any InputSplit {
    Split(
      instance: instance, schema: schema, start: start, end: end, name: name, closes: closes)
  }

  func commit(_ end: SourceOffset) throws {
    try instance.call("commit", [.string(end.json)])
  }

  func stop() {
    do { try instance.call("close") } catch {
      ScriptLog.write("warn", "the source `\(name)` failed to close: \(error)")
    }
  }

  /// What the host calls: offsets as JSON text, rows always as a list.
  private static let glue = """
    local source = ...
    local json = require "moontide.json"
    local function encode(offset) if offset ~= nil then return json.encode(offset) end end
    local function decode(text) if text ~= nil then return json.decode(text) end end
    local glue = {
      schema = function(self) return tostring(source.schema(self.options or {})) end,
      initialOffset = function(self) return encode(source.initialOffset(self)) end,
      latestOffset = function(self, from, limit)
        return encode(source.latestOffset(self, decode(from), limit))
      end,
      read = function(self, from, to)
        local rows = source.read(self, decode(from), decode(to))
        if type(rows) ~= "function" then return rows end
        local list = {}
        for row in rows do list[#list + 1] = row end
        return list
      end,
      close = source.close,
    }
    if source.commit then
      glue.commit = function(self, to) source.commit(self, decode(to)) end
    end
    return glue
    """

  fileprivate struct Split: InputSplit {
    let instance: EffectInstance
    let schema: Schema
    let start: SourceOffset?
    let end: SourceOffset
    let name: String
    let closes: Bool

    var description: String { "\(name) from \(start?.json ?? "the start") to \(end)" }

    func open(_ request: ReadRequest) throws -> any BatchStream {
      let rows = try instance.rows(
        "read", [.optional(start?.json), .string(end.json)], schema: schema)
      if closes { try instance.call("close") }
      let wanted = Batch(request.columns.map { rows.columns[$0] }, count: rows.count)
      return BatchList(
        stride(from: 0, to: rows.count, by: request.batchRows).map {
          wanted.sliced($0..<min($0 + request.batchRows, rows.count))
        })
    }
  }
}

/// Such a source read once, from its first offset to its last; each reading has a state of its own.
private struct LuaTableSource: StaticSource {
  let schema: Schema
  let description: String
  private let open: @Sendable () throws -> LuaSource

  init(_ open: @escaping @Sendable () throws -> LuaSource) throws {
    let source = try open()
    schema = source.schema
    description = source.description
    self.open = open
  }

  func splits() throws -> [any InputSplit] {
    let source = try open()
    source.instance.begin(BatchPlace(query: QueryTitle.batch, id: nil))
    let start = try source.initialOffset()
    guard let end = try source.latestOffset(from: start, limit: .everything), end != start else {
      source.stop()
      return []
    }
    return [source.piece(from: start, to: end, closes: true)]
  }
}
