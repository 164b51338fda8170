import Columns
import Contract
import State

/// The entries that a processor's states are made of, in one partition: byte keys to byte values,
/// with an end where they have a time to live.
///
/// An entry's key is the kind and name of its state and the group's key (together its place), then
/// a
/// suffix: nothing for a value, the element's number for a list, the map's key for a map, the time
/// for
/// a timer. One owner.
final class ProcessorStore {
  enum Kind: UInt8 {
    case value = 0x76
    case list = 0x6C
    case map = 0x6D
    case timer = 0x74
  }

  struct Item: Equatable {
    var bytes: [UInt8]
    /// When it is gone; the largest number: never.
    var expiresUs: Int64
  }

  /// The entries of one state of one group.
  private final class Bucket {
    var items: [[UInt8]: Item] = [:]
  }

  private var buckets: [[UInt8]: Bucket] = [:]
  private let store: any StatePartition
  /// The entries changed since the last `flush`, and what they were.
  private var before: [[UInt8]: Item?] = [:]
  /// The entries changed since `mark`, and what they were then.
  private var sinceMark: [(key: [UInt8], placeCount: Int, item: Item?)] = []
  private var timers = DueEntries()
  private var lifetimes = DueEntries()
  private var liveCount = 0
  private var bytes = 0

  init(_ store: any StatePartition) { self.store = store }

  /// How many entries there are, once they are flushed.
  var count: Int { store.entryCount ?? liveCount }

  /// Bytes held, about.
  var memoryBytes: Int { bytes + store.memoryBytes }

  var isPaged: Bool { store.isPaged }

  /// Says what a batch needs: some groups, those with a timer at or before a moment, and those with
  /// something that has outlived its time.
  func select(_ groups: KeyTable, timersUpTo: Int64?, expiredUpTo: Int64) throws {
    var due = [StateDue(clock: ProcessorLayout.lifetimes, atUs: expiredUpTo)]
    if let timersUpTo { due.append(StateDue(clock: ProcessorLayout.timers, atUs: timersUpTo)) }
    try store.select(StatePage(groups: groups, due: due))
  }

  // MARK: Places

  static func place(_ kind: Kind, _ name: String, group: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [kind.rawValue]
    out += name.utf8
    out.append(0)
    withUnsafeBytes(of: UInt32(group.count).bigEndian) { out += $0 }
    return out + group
  }

  /// Where the group's key lies in a place.
  static func group(ofPlace place: [UInt8]) -> [UInt8] {
    let name = place.dropFirst().firstIndex(of: 0).map { $0 + 1 } ?? 1
    return Array(place[(name + 4)...])
  }

  /// How much of a stored key is its place.
  fileprivate static func placeCount<Key: RandomAccessCollection>(_ key: Key) -> Int
  where Key.Element == UInt8, Key.Index == Int {
    let name = key.dropFirst().firstIndex(of: 0).map { $0 + 1 } ?? key.count
    var length = 0
    for byte in key[name..<min(name + 4, key.count)] { length = length << 8 | Int(byte) }
    return name + 4 + length
  }

  /// A stored entry taken apart, for readers.
  struct Entry {
    let kind: Kind?
    let name: String
    let group: [UInt8]
    let suffix: [UInt8]
    let item: Item

    init(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
      let bytes = Array(key)
      let placeCount = ProcessorStore.placeCount(bytes)
      kind = Kind(rawValue: bytes[0])
      name = String(decoding: bytes.dropFirst().prefix { $0 != 0 }, as: UTF8.self)
      group = ProcessorStore.group(ofPlace: Array(bytes[..<placeCount]))
      suffix = Array(bytes[placeCount...])
      item = Item(
        bytes: Array(value.dropFirst(8)),
        expiresUs: Int64(littleEndian: value.loadUnaligned(as: Int64.self)))
    }
  }

  static func ordered(_ number: Int64) -> [UInt8] {
    withUnsafeBytes(of: (UInt64(bitPattern: number) ^ (1 << 63)).bigEndian) { Array($0) }
  }

  static func number<Bytes: Sequence<UInt8>>(_ bytes: Bytes) -> Int64 {
    var bits: UInt64 = 0
    for byte in bytes { bits = bits << 8 | UInt64(byte) }
    return Int64(bitPattern: bits ^ (1 << 63))
  }

  // MARK: Entries

  func item(_ place: [UInt8], _ suffix: [UInt8], nowUs: Int64) -> Item? {
    guard let item = buckets[place]?.items[suffix], item.expiresUs > nowUs else { return nil }
    return item
  }

  /// The entries of one place, in the order of their suffixes.
  func items(_ place: [UInt8], nowUs: Int64) -> [(suffix: [UInt8], item: Item)] {
    guard let bucket = buckets[place] else { return [] }
    return bucket.items.filter { $0.value.expiresUs > nowUs }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { (suffix: $0.key, item: $0.value) }
  }

  func set(_ place: [UInt8], _ suffix: [UInt8], _ item: Item) {
    change(place, suffix, to: item)
    if item.expiresUs < .max { lifetimes.add(item.expiresUs, place, suffix) }
    if place[0] == Kind.timer.rawValue { timers.add(Self.number(suffix[...]), place, suffix) }
  }

  func remove(_ place: [UInt8], _ suffix: [UInt8]) { change(place, suffix, to: nil) }

  func clear(_ place: [UInt8]) {
    for suffix in buckets[place]?.items.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) ?? []
    {
      remove(place, suffix)
    }
  }

  private func change(_ place: [UInt8], _ suffix: [UInt8], to new: Item?) {
    let key = place + suffix
    let old = apply(place, suffix, new)
    if before[key] == nil { before[key] = .some(old) }
    sinceMark.append((key, place.count, old))
  }

  private func apply(_ place: [UInt8], _ suffix: [UInt8], _ new: Item?) -> Item? {
    let bucket = buckets[place] ?? Bucket()
    let old = bucket.items[suffix]
    bucket.items[suffix] = new
    buckets[place] = bucket.items.isEmpty ? nil : bucket
    liveCount += (new == nil ? 0 : 1) - (old == nil ? 0 : 1)
    let size = place.count + suffix.count + 64
    bytes += (new.map { $0.bytes.count + size } ?? 0) - (old.map { $0.bytes.count + size } ?? 0)
    return old
  }

  // MARK: Attempts

  /// From here on changes can be taken back.
  func mark() { sinceMark = [] }

  /// Takes back what changed since `mark`.
  func restoreMark() {
    for change in sinceMark.reversed() {
      let place = Array(change.key[..<change.placeCount])
      _ = apply(place, Array(change.key[change.placeCount...]), change.item)
    }
    sinceMark = []
  }

  /// Hands the changes to the store; says how many entries were set and removed.
  func flush() -> (set: Int, removed: Int) {
    var counts = (set: 0, removed: 0)
    for (key, old) in before {
      let placeCount = Self.placeCount(key)
      let new = buckets[Array(key[..<placeCount])]?.items[Array(key[placeCount...])]
      if new == old { continue }
      if let new {
        var value = withUnsafeBytes(of: new.expiresUs.littleEndian) { Array($0) }
        value += new.bytes
        key.withUnsafeBytes { k in value.withUnsafeBytes { store.put(key: k, value: $0) } }
        counts.set += 1
      } else {
        key.withUnsafeBytes { store.remove(key: $0) }
        counts.removed += 1
      }
    }
    before = [:]
    sinceMark = []
    shrinkIfSparse()
    return counts
  }

  /// A table that was much larger leaves memory.
  private func shrinkIfSparse() {
    guard KeyTable.isSparse(buckets.count, of: buckets.capacity) else { return }
    buckets = Dictionary(uniqueKeysWithValues: buckets.map { ($0.key, $0.value) })
    ReturnedMemory.want()
  }

  func restore() throws {
    try store.restore { key, value in
      let bytes = Array(key)
      let placeCount = Self.placeCount(bytes)
      let place = Array(bytes[..<placeCount])
      let suffix = Array(bytes[placeCount...])
      let expires = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
      _ = apply(place, suffix, Item(bytes: Array(value.dropFirst(8)), expiresUs: expires))
      if expires < .max { lifetimes.add(expires, place, suffix) }
      if place[0] == Kind.timer.rawValue { timers.add(Self.number(suffix[...]), place, suffix) }
    }
  }

  // MARK: Time

  /// The timers at or before this moment, the earliest first, with their groups' keys.
  func expiredTimers(_ limitUs: Int64) -> [(group: [UInt8], timeUs: Int64)] {
    timers.take(upTo: limitUs).filter { buckets[$0.place]?.items[$0.suffix] != nil }
      .map { (Self.group(ofPlace: $0.place), $0.timeUs) }
  }

  /// Removes what has outlived its time; says how much.
  func removeExpired(_ nowUs: Int64) -> Int {
    var removed = 0
    for entry in lifetimes.take(upTo: nowUs) {
      guard let item = buckets[entry.place]?.items[entry.suffix], item.expiresUs <= nowUs else {
        continue
      }
      remove(entry.place, entry.suffix)
      removed += 1
    }
    return removed
  }

  /// Whether a timer may be due.
  func hasTimer(upTo limitUs: Int64?) -> Bool {
    limitUs.map { timers.hasEntry(upTo: $0) } ?? false
  }
}

/// All states and timers of a group belong together; timers act, and what has a time to live
/// leaves.
struct ProcessorLayout: StateLayout {
  var keysAreGroups: Bool { false }

  static let timers: UInt8 = 0
  static let lifetimes: UInt8 = 1

  func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    let name = key.dropFirst().firstIndex(of: 0).map { $0 + 1 } ?? key.count
    let end = ProcessorStore.placeCount(key)
    return UnsafeRawBufferPointer(rebasing: key[(name + 4)..<end])
  }

  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { entry in
      guard let value = entry.value else { return .never }
      if entry.key[0] == ProcessorStore.Kind.timer.rawValue {
        let atUs = ProcessorStore.number(entry.key[ProcessorStore.placeCount(entry.key)...])
        return StateDue(clock: Self.timers, atUs: atUs)
      }
      let expires = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
      return StateDue(clock: Self.lifetimes, atUs: expires)
    }
  }
}

/// Entries by a moment. What was changed since stands in it until its moment comes, and is then
/// looked up.
private struct DueEntries {
  struct Entry {
    let timeUs: Int64
    let place: [UInt8]
    let suffix: [UInt8]
  }

  private var entries: [Int64: [Entry]] = [:]
  private var moments: [Int64] = []

  mutating func add(_ timeUs: Int64, _ place: [UInt8], _ suffix: [UInt8]) {
    if entries[timeUs] == nil { moments.append(timeUs) }
    entries[timeUs, default: []].append(Entry(timeUs: timeUs, place: place, suffix: suffix))
  }

  func hasEntry(upTo limitUs: Int64) -> Bool { moments.contains { $0 <= limitUs } }

  /// Takes out what lies at or before this moment, the earliest first, each once.
  mutating func take(upTo limitUs: Int64) -> [Entry] {
    let due = moments.filter { $0 <= limitUs }.sorted()
    if due.isEmpty { return [] }
    moments.removeAll { $0 <= limitUs }
    var seen = Set<[UInt8]>()
    return due.flatMap { entries.removeValue(forKey: $0) ?? [] }
      .filter { seen.insert($0.place + $0.suffix).inserted }
  }
}
