import Contract
import Synchronization

/// Live state in a RocksDB, in the `live` folder beside the change files: for state larger than
/// memory. A batch loads what it touches, and forgets it when it is done.
///
/// Only the change files and snapshots are durable. The database is a table made from them: it is
/// kept from one run to the next where the last run closed it at the very version that the batch
/// log ends with, as the file `live-at` says, and made anew where not.
final class PagedState: Sendable {
  private struct Ends {
    var isChanged = false
    var failure: (any Error)?
  }

  private let directory: String
  private let storage: any Storage
  fileprivate let database: RocksDB
  /// Whether the database is as the durable state says.
  fileprivate let isFilled: Bool
  private let partitions = Mutex<[PagedStatePartition]>([])
  private let ends = Mutex(Ends())

  /// For blocks of the database's files that were read.
  private static let cacheBytes = 64 << 20
  /// For changes that are not yet in its files.
  private static let bufferBytes = 32 << 20
  /// Of the first line of `live-at`: a new one where keys are laid out in another way.
  private static let format = "moontide live state 1"

  init(directory: String, mark: StateMark?, storage: any Storage) throws {
    self.directory = directory
    self.storage = storage
    let note = try storage.read(directory + "/live-at").map { String(decoding: $0, as: UTF8.self) }
    isFilled = mark != nil && note == Self.note(mark)
    // From here on the database changes, and is no longer what the note says.
    try storage.remove(directory + "/live-at")
    let path = directory + "/live"
    if !isFilled { try storage.removeDirectory(path) }
    try storage.createDirectory(path)
    database = try RocksDB(path, cacheBytes: Self.cacheBytes, bufferBytes: Self.bufferBytes)
  }

  private static func note(_ mark: StateMark?) -> String { "\(format)\n\(mark?.text ?? "")\n" }

  func open(
    _ durable: any StatePartition, _ place: StatePlace, _ layout: any StateLayout
  ) -> any StatePartition {
    let partition = PagedStatePartition(durable, place, layout, self)
    partitions.withLock { $0.append(partition) }
    return partition
  }

  /// Hands the changes of the batch at hand to the database.
  func finishBatch() throws {
    if let failure = ends.withLock({ $0.failure }) { throw failure }
    for partition in partitions.withLock({ $0 }) { try partition.finishBatch() }
  }

  /// What the database holds is durable.
  func noteCommitted() { ends.withLock { $0.isChanged = false } }

  /// Closes the database, and keeps it for the next run if it is at the version of `mark`.
  func close(_ mark: StateMark?) {
    defer { database.close() }
    guard mark != nil, ends.withLock({ !$0.isChanged && $0.failure == nil }) else { return }
    // What fails here costs the next run the making of the database, nothing else.
    guard (try? database.flush()) != nil else { return }
    try? storage.replace(directory + "/live-at", Array(Self.note(mark).utf8))
  }

  fileprivate func noteChange() { ends.withLock { $0.isChanged = true } }

  fileprivate func note(_ error: any Error) {
    ends.withLock { if $0.failure == nil { $0.failure = error } }
  }

  /// Bytes of memory, shared out among the partitions.
  fileprivate var memoryShare: Int {
    database.memoryBytes / max(partitions.withLock { $0.count }, 1)
  }
}

/// One partition, of which an operator holds a page at a time.
///
/// In the database stand, each behind a letter and the partition's place: the entries by group
/// (`e`), what is due by moment (`d`), and how many entries there are (`n`).
///
/// Border (`@unchecked Sendable`): the contract says one thread at a time, and the store looks at
/// it between batches.
final class PagedStatePartition: StatePartition, @unchecked Sendable {
  private struct Known {
    var group: [UInt8]
    var due: StateDue?
  }

  private let durable: any StatePartition
  private let layout: any StateLayout
  private unowned let state: PagedState
  private let place: [UInt8]
  private let changes: RocksDBChanges
  private var isOpen = false
  private var count = 0
  private var storedCount = -1
  private var page = StatePage.all
  /// The entries that the operator holds or has set, by key.
  private var known: [[UInt8]: Known] = [:]

  init(
    _ durable: any StatePartition, _ place: StatePlace, _ layout: any StateLayout,
    _ state: PagedState
  ) {
    self.durable = durable
    self.layout = layout
    self.state = state
    self.place = place.bytes
    changes = RocksDBChanges(state.database)
  }

  var isPaged: Bool { true }

  var memoryBytes: Int { state.memoryShare }

  // MARK: Loading

  /// Sets what `restore` gives: the operator has forgotten what it held.
  func select(_ page: StatePage) throws {
    try openIfNeeded()
    try finishBatch()
    known.removeAll(keepingCapacity: true)
    self.page = page
  }

  private func openIfNeeded() throws {
    if isOpen { return }
    isOpen = true
    if state.isFilled {
      try RocksDBWalk(state.database).visit(head("n")) { _, value in
        count = Int(value.loadUnaligned(as: Int64.self))
        return false
      }
      storedCount = count
      return
    }
    try durable.restore { key, value in
      apply(Array(key), value)
      known.removeAll(keepingCapacity: true)
      if changes.isFull { try changes.write() }
    }
    state.noteChange()
  }

  func restore(
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try openIfNeeded()
    let walk = RocksDBWalk(state.database)
    guard var groups = page.groups else {
      try walk.visit(head("e")) { rest, value in
        try take(rest, value, visit)
        return true
      }
      return
    }
    let indexed = try dueEntries(walk)
    for entry in indexed { groups.insert(entry.group) }
    // In the order of the keys, so that neighbours are read together.
    for group in groups.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      try walk.visit(head("e") + Self.framed(group)) { key, value in
        try take(key, value, group, visit)
        return true
      }
    }
    // An entry that was set anew has left its old moment behind.
    for entry in indexed where known[entry.key]?.due != entry.due {
      changes.delete(dueKey(entry.due, entry.group, entry.key))
    }
  }

  /// Gives an entry whose key in the database ends in `rest`.
  private func take(
    _ rest: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let group = Self.unframed(rest)
    let key = UnsafeRawBufferPointer(rebasing: rest[(4 + group.count)...])
    try take(key, value, Array(group), visit)
  }

  private func take(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ group: [UInt8],
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    known[Array(key)] = Known(group: group, due: layout.due(key: key, value: value))
    try visit(key, value)
  }

  /// What stands under the moments of the page.
  private func dueEntries(
    _ walk: RocksDBWalk
  ) throws -> [(due: StateDue, group: [UInt8], key: [UInt8])] {
    var out: [(due: StateDue, group: [UInt8], key: [UInt8])] = []
    for limit in page.due {
      try walk.visit(head("d") + [limit.clock]) { rest, _ in
        let atUs = Self.moment(rest)
        guard atUs <= limit.atUs else { return false }
        let tail = UnsafeRawBufferPointer(rebasing: rest[8...])
        let group = Self.unframed(tail)
        out.append(
          (
            StateDue(clock: limit.clock, atUs: atUs), Array(group),
            Array(tail[(4 + group.count)...])
          ))
        return true
      }
    }
    return out
  }

  // MARK: Changing

  func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    durable.put(key: key, value: value)
    state.noteChange()
    apply(Array(key), value)
    writeIfFull()
  }

  func remove(key: UnsafeRawBufferPointer) {
    durable.remove(key: key)
    state.noteChange()
    let bytes = Array(key)
    guard let old = known.removeValue(forKey: bytes) else { return }
    forget(bytes, old)
    count -= 1
    writeIfFull()
  }

  private func apply(_ key: [UInt8], _ value: UnsafeRawBufferPointer) {
    let new = key.withUnsafeBytes { key in
      Known(
        group: Array(layout.group(key: key, value: value)), due: layout.due(key: key, value: value))
    }
    if let old = known[key] {
      if old.group != new.group || old.due != new.due { forget(key, old) }
    } else {
      count += 1
    }
    known[key] = new
    changes.put(head("e") + Self.framed(new.group) + key, value)
    if let due = new.due {
      changes.put(dueKey(due, new.group, key), UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  private func forget(_ key: [UInt8], _ old: Known) {
    changes.delete(head("e") + Self.framed(old.group) + key)
    if let due = old.due { changes.delete(dueKey(due, old.group, key)) }
  }

  private func writeIfFull() {
    guard changes.isFull else { return }
    do { try changes.write() } catch { state.note(error) }
  }

  /// Hands the changes over. The next batch begins with `select`.
  func finishBatch() throws {
    if count != storedCount {
      withUnsafeBytes(of: Int64(count)) { changes.put(head("n"), $0) }
      storedCount = count
    }
    try changes.write()
  }

  var entryCount: Int? { count }

  // MARK: Keys

  private func head(_ letter: Unicode.Scalar) -> [UInt8] {
    [UInt8(truncatingIfNeeded: letter.value)] + place
  }

  private func dueKey(_ due: StateDue, _ group: [UInt8], _ key: [UInt8]) -> [UInt8] {
    let moment = UInt64(bitPattern: due.atUs) ^ (1 << 63)
    return head("d") + [due.clock] + withUnsafeBytes(of: moment.bigEndian) { Array($0) }
      + Self.framed(group) + key
  }

  private static func moment(_ bytes: UnsafeRawBufferPointer) -> Int64 {
    Int64(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) ^ (1 << 63))
  }

  private static func framed(_ group: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(group.count).bigEndian) { Array($0) } + group
  }

  private static func unframed(_ bytes: UnsafeRawBufferPointer)
    -> UnsafeRawBufferPointer.SubSequence
  {
    let count = Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    return bytes[4..<(4 + count)]
  }
}
