import Columns
import Contract
import State

/// Reads stored entries as rows: what Spark's state reader shows of an operator's state.
public struct StateRows: Sendable {
  /// Which entries of an operator are wanted.
  public enum Part: Sendable, Hashable {
    /// All of one store.
    case store(StateSchema.Store)
    /// The timers of a processor.
    case timers
  }

  /// How the rows are to be.
  public enum Shape: Sendable, Hashable {
    /// One for each entry: an element of a list, an entry of a map.
    case entries
    /// One for each key: lists and maps as they are.
    case collections
    /// One for each change, with its batch and kind before it.
    case changes
  }

  private let layout: StateSchema
  private let part: Part
  public let shape: Shape
  /// `key`, what is stored, `partition_id`.
  public let schema: Schema

  public init(_ layout: StateSchema, _ part: Part, _ shape: Shape = .entries) {
    self.layout = layout
    self.part = part
    self.shape = shape
    let value = Self.valueFields(layout, part)
    let change =
      shape == .changes ? [Field("batch_id", .long), Field("change_type", .string)] : []
    schema = Schema(
      change + [Field("key", .structure(Self.keyFields(layout)))]
        + (shape == .collections ? Self.collected(value, part) : value)
        + [Field("partition_id", .int)])
  }

  /// The fields of elements and entries as those of the list or map that holds them.
  private static func collected(_ value: [Field], _ part: Part) -> [Field] {
    guard case .store(let store) = part else { return value }
    switch store.kind {
    case "list": return [Field("list_value", .array(value[0].type, containsNull: true))]
    case "map":
      return [
        Field("map_value", .map(value[0].type, value[1].type, valueContainsNull: true))
      ]
    default: return value
    }
  }

  /// A session's key is Spark's: the keys and when it begins.
  private static func keyFields(_ layout: StateSchema) -> [Field] {
    let own = layout.key.fields
    guard layout.encoding == .session else { return own }
    return own.dropLast() + [Field("sessionStartTime", own.last?.type.childTypes.first ?? .null)]
  }

  private static func valueFields(_ layout: StateSchema, _ part: Part) -> [Field] {
    guard case .store(let store) = part else { return [Field("expiration_timestamp_ms", .long)] }
    func withEnd(_ fields: [Field]) -> DataType {
      store.hasTimeToLive
        ? .structure([
          Field("value", .structure(fields)), Field("ttlExpirationMs", .long),
        ]) : .structure(fields)
    }
    let fields = store.value.fields
    switch (layout.encoding, store.kind) {
    case (.session, _):
      let session = layout.key.fields.suffix(1).map { Field("session_window", $0.type) }
      return [
        Field("value", .structure(session + layout.key.fields.dropLast() + fields))
      ]
    case (.groupState, _):
      var state = [Field("groupState", .structure(fields))]
      if layout.hasTimeout { state.append(Field("timeoutTimestamp", .long)) }
      return [Field("value", .structure(state))]
    case (.processor, "list"): return [Field("list_element", withEnd(fields))]
    case (.processor, "map"):
      return [
        Field("user_map_key", .structure(store.mapKey.fields)),
        Field("user_map_value", withEnd(fields)),
      ]
    case (.processor, _): return [Field("value", withEnd(fields))]
    default: return [Field("value", .structure(fields))]
    }
  }

  /// The rows of one partition, in no order.
  public func batch(
    _ state: StateReader, operatorId: String, partition: Int
  ) throws -> Batch {
    let rows = Rows(schema, partition)
    var kept: [(key: [UInt8], cells: [Scalar])] = []
    try state.visit(operatorId, partition: partition) { key, value in
      guard let cells = cells(key, value) else { return }
      if isCollected {
        kept.append((Array(key), cells))
      } else {
        rows.append(cells)
      }
    }
    // Elements and entries in the order of their keys, those of one key behind each other.
    kept.sort { $0.key.lexicographicallyPrecedes($1.key) }
    var begin = 0
    while begin < kept.count {
      let end = kept[begin...].firstIndex { $0.cells[0] != kept[begin].cells[0] } ?? kept.count
      let some = kept[begin..<end].map { Array($0.cells.dropFirst()) }
      let whole: Scalar =
        some[0].count == 1
        ? .array(some.map { $0[0] }) : .map(some.map { Scalar.Entry($0[0], $0[1]) })
      rows.append([kept[begin].cells[0], whole])
      begin = end
    }
    return rows.batch
  }

  /// The changes of one partition in some versions, in their order.
  public func changes(
    _ state: StateReader, operatorId: String, partition: Int, versions: ClosedRange<Int64>
  ) throws -> Batch {
    let rows = Rows(schema, partition)
    try state.visitChanges(operatorId, partition: partition, versions: versions) {
      version, key, value in
      guard let cells = value.map({ self.cells(key, $0) }) ?? goneCells(key) else { return }
      // Version n is the state after batch n - 1.
      rows.append([.integer(version - 1), .text(value == nil ? "delete" : "update")] + cells)
    }
    return rows.batch
  }

  private var isCollected: Bool {
    guard shape == .collections, case .store(let store) = part else { return false }
    return store.kind == "list" || store.kind == "map"
  }

  /// Rows of one partition as they are found.
  private final class Rows {
    private let builders: [VectorBuilder]
    private let partition: Int
    private var count = 0

    init(_ schema: Schema, _ partition: Int) {
      builders = schema.fields.map { VectorBuilder($0.type) }
      self.partition = partition
    }

    func append(_ cells: [Scalar]) {
      for (builder, cell) in zip(builders, cells) { builder.append(cell) }
      builders[builders.count - 1].append(.integer(Int64(partition)))
      count += 1
    }

    var batch: Batch { Batch(builders.map { $0.finish() }, count: count) }
  }

  /// A key that went, and NULL for what it had; nil: the entry is of another part.
  private func goneCells(_ key: UnsafeRawBufferPointer) -> [Scalar]? {
    switch layout.encoding {
    case .session:
      let keys = keys(key)
      guard case .structure(let times)? = keys.last, let start = times.first else { return nil }
      return [.structure(Array(keys.dropLast()) + [start]), .null]
    case .limit: return [.structure([.null]), .null]
    // The key of a row of a join went with the row.
    case .join: return nil
    case .processor:
      let bytes = withUnsafeBytes(of: Int64.max) { Array($0) }
      let found = bytes.withUnsafeBytes { processorCells(key, $0, isGone: true) }
      return found
    default: return [.structure(keys(key)), .null]
    }
  }

  /// One row without its partition; nil: the entry is of another part.
  private func cells(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> [Scalar]? {
    switch layout.encoding {
    case .aggregate: return [.structure(keys(key)), .structure(values(value[...]))]
    case .session:
      let keys = keys(key)
      guard case .structure(let times)? = keys.last, let start = times.first else { return nil }
      let own = Array(keys.dropLast())
      return [
        .structure(own + [start]),
        .structure([.structure(times)] + own + values(value[...])),
      ]
    case .deduplicate: return [.structure(keys(key)), .structure([.null])]
    case .deduplicateWithinWatermark:
      let expires = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
      return [.structure(keys(key)), .structure([.integer(expires)])]
    case .limit:
      let taken = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
      return [.structure([.null]), .structure([.integer(taken)])]
    case .join:
      guard case .store(let store) = part, key[0] == store.name.utf8.first,
        let base = value.baseAddress
      else { return nil }
      let cells = JoinRows.cells(base) - base
      let group = UnsafeRawBufferPointer(rebasing: value[JoinRows.headBytes..<cells])
      return [.structure(keys(group)), .structure(values(value[cells...]))]
    case .groupState:
      let entry = GroupStateEntry(encoded: value)
      let state = entry.bytes.map { Scalar.structure(values($0[...])) } ?? .null
      let timeout: [Scalar] =
        layout.hasTimeout ? [.integer(entry.timeoutUs.map { $0 / 1000 } ?? -1)] : []
      return [.structure(keys(key)), .structure([state] + timeout)]
    case .processor: return processorCells(key, value)
    }
  }

  private func processorCells(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isGone: Bool = false
  ) -> [Scalar]? {
    let entry = ProcessorStore.Entry(key, value)
    let group = Scalar.structure(entry.group.withUnsafeBytes { bytes in keys(bytes) })
    guard case .store(let store) = part else {
      guard entry.kind == .timer else { return nil }
      return [group, .integer(ProcessorStore.number(entry.suffix[...]) / 1000)]
    }
    guard entry.name == store.name, entry.kind.map({ "\($0)" }) == store.kind else { return nil }
    var cell = isGone ? .null : Scalar.structure(values(entry.item.bytes[...]))
    if store.hasTimeToLive, !isGone {
      cell = .structure([cell, .integer(entry.item.expiresUs / 1000)])
    }
    guard store.kind == "map" else { return [group, cell] }
    return [group, .structure(ValueCodec(store.mapKey).decode(entry.suffix[...])), cell]
  }

  private func keys(_ bytes: UnsafeRawBufferPointer) -> [Scalar] {
    Self.decode(bytes, RowKeyCodec(layout.key.fields.map(\.type)))
  }

  private func values<Bytes: Collection>(_ bytes: Bytes) -> [Scalar] where Bytes.Element == UInt8 {
    guard case .store(let store) = part else { return [] }
    let codec = RowKeyCodec(store.value.fields.map(\.type), for: .values)
    return Array(bytes).withUnsafeBytes { Self.decode($0, codec) }
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, _ codec: RowKeyCodec) -> [Scalar] {
    guard var address = bytes.baseAddress else { return codec.types.map { _ in .null } }
    return withUnsafeMutablePointer(to: &address) {
      codec.decode($0, count: 1).map { $0.scalar(0) }
    }
  }
}

extension StateSchema {
  /// A function's groups can time out.
  var hasTimeout: Bool {
    configuration.contains { $0.name == "timeout" && $0.value.text != "none" }
  }

  /// The kinds of states that a processor has are its stores; every operator has at least one.
  public func store(named name: String) -> Store? { stores.first { $0.name == name } }
}
