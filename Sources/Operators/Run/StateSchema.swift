import Columns
import Contract

/// What a stateful operator keeps, for those who read its state without it: batch queries, tools,
/// and the check at a restart. It is written to the batch log with each run.
public struct StateSchema: Sendable, Hashable {
  /// How an operator's entries are encoded.
  public enum Encoding: String, Sendable {
    case aggregate, session, deduplicate, deduplicateWithinWatermark, join, groupState, processor
    case limit
  }

  /// One of the stores of an operator: the only one, a side of a join, a state of a processor.
  public struct Store: Sendable, Hashable {
    /// Spark's: `default`, `left`, `right`, or the name that the processor gave.
    public let name: String
    /// Of a processor's state: `value`, `list` or `map`; otherwise empty.
    public let kind: String
    /// What is stored under a key.
    public let value: Schema
    /// The user's key of a map.
    public let mapKey: Schema
    /// A processor's state whose values do not live for ever.
    public let hasTimeToLive: Bool

    public init(
      _ name: String = "default", kind: String = "", value: Schema, mapKey: Schema = Schema([]),
      hasTimeToLive: Bool = false
    ) {
      self.name = name
      self.kind = kind
      self.value = value
      self.mapKey = mapKey
      self.hasTimeToLive = hasTimeToLive
    }
  }

  public let encoding: Encoding
  /// As the progress names the operator: `stateStoreSave`.
  public let name: String
  public let partitionCount: Int
  /// By what the state is grouped.
  public let key: Schema
  public let stores: [Store]
  /// What else is fixed between runs: the kind of a join, the mode of a function's time.
  public let configuration: [JSONMember]

  public init(
    _ encoding: Encoding, name: String, partitionCount: Int, key: Schema, stores: [Store],
    configuration: [JSONMember] = []
  ) {
    self.encoding = encoding
    self.name = name
    self.partitionCount = partitionCount
    self.key = key
    self.stores = stores
    self.configuration = configuration
  }

  public var json: JSON {
    .of([
      "encoding": .text(encoding.rawValue), "name": .text(name),
      "partitions": .integer(Int64(partitionCount)), "key": .text(key.ddl),
      "stores": .array(
        stores.map { store in
          .of([
            "name": .text(store.name), "kind": .text(store.kind), "value": .text(store.value.ddl),
            "mapKey": .text(store.mapKey.ddl), "ttl": .boolean(store.hasTimeToLive),
          ])
        }),
      "configuration": .object(configuration),
    ])
  }

  public init?(_ json: JSON) {
    func schema(_ json: JSON?) -> Schema? {
      guard let text = json?.text else { return nil }
      return text.isEmpty ? Schema([]) : try? Schema(ddl: text)
    }
    guard let encoding = (json["encoding"]?.text).flatMap(Encoding.init(rawValue:)),
      let name = json["name"]?.text, let partitions = json["partitions"]?.integer,
      let key = schema(json["key"]), let stores = json["stores"]?.array,
      let configuration = json["configuration"]?.members
    else { return nil }
    let read = stores.compactMap { store -> Store? in
      guard let name = store["name"]?.text, let kind = store["kind"]?.text,
        let value = schema(store["value"]), let mapKey = schema(store["mapKey"]),
        let hasTimeToLive = store["ttl"]?.boolean
      else { return nil }
      return Store(name, kind: kind, value: value, mapKey: mapKey, hasTimeToLive: hasTimeToLive)
    }
    guard read.count == stores.count else { return nil }
    self.init(
      encoding, name: name, partitionCount: Int(partitions), key: key, stores: read,
      configuration: configuration)
  }
}

extension Aggregation {
  /// The keys under their names.
  func keySchema(_ names: [String]) -> Schema {
    Schema(zip(names, keys).map { Field($0, $1.type) })
  }

  /// The columns of the running results, named as Spark names its buffers.
  var stateFields: [Field] {
    calls.flatMap { call in
      let types = call.function.stateTypes
      return zip(Self.stateNames(call.function.name, types.count), types).map { Field($0, $1) }
    }
  }

  private static func stateNames(_ function: String, _ count: Int) -> [String] {
    switch (function, count) {
    case (_, 1): [function]
    case ("avg", 2), ("mean", 2): ["sum", "count"]
    case ("sum", 2): ["sum", "isEmpty"]
    default: (1...max(count, 1)).map { "\(function)_\($0)" }
    }
  }
}
