import Columns
import Glibc

/// One partition, of which an operator holds a page at a time.
///
/// Border (`@unchecked Sendable`): the contract says one thread at a time, and the store looks at
/// it between batches.
final class PagedStatePartition: StatePartition, @unchecked Sendable {
  /// What is known of an entry that the operator holds or has set; zeros: there is no such entry.
  private struct Known {
    var dueUs: Int64
    var group: UInt32
    var clock: UInt8
    var isStored: Bool

    var due: StateDue { StateDue(clock: clock, atUs: dueUs) }
  }

  private let durable: any StatePartition
  private let layout: any StateLayout
  private unowned let state: PagedState
  private let places: PagedKeys
  private let changes: PagedChanges
  private var isOpen = false
  private var count = 0
  private var storedCount = -1
  private var page = StatePage.all
  private var groups: KeyTable
  /// The keys of entries; where they are groups of their own, the same table.
  private var entries: KeyTable
  private var known = LargeArray<Known>()
  /// The keys of some changes, one behind the other.
  private let rows = KeyRows()

  init(
    _ durable: any StatePartition, _ place: StatePlace, _ layout: any StateLayout,
    _ state: PagedState
  ) {
    self.durable = durable
    self.layout = layout
    self.state = state
    places = PagedKeys(place, isFramed: !layout.keysAreGroups)
    changes = PagedChanges(state.database)
    groups = KeyTable(width: nil)
    entries = groups
  }

  var isPaged: Bool { true }

  var memoryBytes: Int { state.memoryShare }

  var entryCount: Int? { count }

  // MARK: Loading

  /// Sets what `restore` gives: the operator has forgotten what it held.
  func select(_ page: StatePage) throws {
    try openIfNeeded()
    try finishBatch()
    self.page = page
    groups = page.groups ?? KeyTable(width: nil)
    entries = layout.keysAreGroups ? groups : KeyTable(width: nil)
  }

  private func openIfNeeded() throws {
    if isOpen { return }
    isOpen = true
    if state.isFilled {
      try places.count.withUnsafeBytes { key in
        if let value = try RocksDBWalk(state.database).value(at: key) {
          count = Int(value.loadUnaligned(as: Int64.self))
        }
      }
      storedCount = count
      return
    }
    try durable.restore { key, value in
      let group = layout.group(key: key, value: value)
      putEntry(group, key, value)
      if layout.hasMoments {
        let due = withUnsafePointer(to: StateChange(key: key, value: value)) {
          layout.moments(UnsafeBufferPointer(start: $0, count: 1))
        }
        if due[0].atUs != .max { putMoment(due[0], group, key) }
      }
      count += 1
      if changes.isFull { try changes.write() }
    }
    state.noteChange()
  }

  func restore(
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try openIfNeeded()
    var taken = TakenEntries()
    let walk = RocksDBWalk(state.database)
    guard page.groups != nil else {
      try places.entries.withUnsafeBytes { head in
        try walk.visit(head) { body, value in
          let (group, key) = places.split(body)
          try take(groups.insert(group), key, value, &taken, visit)
          return true
        }
      }
      return finish(&taken)
    }
    let due = try dueEntries()
    // In the order of the keys, so that neighbours are read together.
    let stored = groups.stored
    let order = SortedKeys.sorted(groups.groupLimit) { stored[$0] }
    if layout.keysAreGroups {
      try readKeys(order, walk, &taken, visit)
    } else {
      try readGroups(order, walk, &taken, visit)
    }
    finish(&taken)
    due.forEach { moment, group, key in
      // An entry that was set anew has left its old moment behind.
      let number = entries.find(key)
      if number != KeyTable.none, known.pointer[Int(number)].isStored,
        known.pointer[Int(number)].due == moment
      {
        return
      }
      removeMoment(moment, groups.key(group), key)
    }
  }

  private func readKeys(
    _ order: LargeArray<SortedKeys.Entry>, _ walk: RocksDBWalk, _ taken: inout TakenEntries,
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let (stored, buffer) = (groups.stored, LargeMemory(capacity: 256))
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    known.reserve(groups.groupLimit)
    for index in 0..<groups.groupLimit {
      let number = order.pointer[index].number
      let key = stored[number]
      let keyCount = places.entryCount(none, key)
      buffer.grow(to: keyCount)
      places.writeEntry(none, key, to: buffer.pointer)
      let own = UnsafeRawBufferPointer(start: buffer.pointer, count: keyCount)
      guard let value = try walk.value(at: own) else { continue }
      try take(number, key, value, &taken, visit)
    }
  }

  private func readGroups(
    _ order: LargeArray<SortedKeys.Entry>, _ walk: RocksDBWalk, _ taken: inout TakenEntries,
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let (stored, buffer) = (groups.stored, LargeMemory(capacity: 256))
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    // Short groups stand before long ones in the database.
    let numbers = (0..<groups.groupLimit).map { order.pointer[$0].number }
      .enumerated().sorted { x, y in
        let (a, b) = (stored[x.element].count, stored[y.element].count)
        return a == b ? x.offset < y.offset : a < b
      }
    for (_, number) in numbers {
      let group = stored[number]
      let prefixCount = places.entryCount(group, none)
      buffer.grow(to: prefixCount)
      places.writeEntry(group, none, to: buffer.pointer)
      let prefix = UnsafeRawBufferPointer(start: buffer.pointer, count: prefixCount)
      try walk.visit(prefix) { key, value in
        try take(number, key, value, &taken, visit)
        return true
      }
    }
  }

  /// Gives an entry to the operator.
  @inline(__always)
  private func take(
    _ group: UInt32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ taken: inout TakenEntries,
    _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let number = layout.keysAreGroups ? group : entries.insert(key)
    known.reserve(entries.groupLimit)
    known.pointer[Int(number)] = Known(dueUs: .max, group: group, clock: 0, isStored: true)
    if layout.hasMoments {
      taken.add(number, value)
      if taken.isFull { finish(&taken) }
    }
    try visit(key, value)
  }

  /// Notes when the entries act that were given last.
  private func finish(_ taken: inout TakenEntries) {
    taken.forEach(entries.stored) { numbers, changes in
      for (number, due) in zip(numbers, layout.moments(changes)) {
        known.pointer[Int(number)].dueUs = due.atUs
        known.pointer[Int(number)].clock = due.clock
      }
    }
  }

  /// What stands under the moments of the page; its groups belong to the page.
  private func dueEntries() throws -> DueEntryList {
    var out = DueEntryList()
    for limit in page.due {
      try places.moments(of: limit.clock).withUnsafeBytes { head in
        try RocksDBWalk(state.database).visit(head) { rest, _ in
          let (atUs, body) = PagedKeys.splitMoment(rest)
          guard atUs <= limit.atUs else { return false }
          let (group, key) = places.split(body)
          out.add(StateDue(clock: limit.clock, atUs: atUs), groups.insert(group), key)
          return true
        }
      }
    }
    return out
  }

  // MARK: Changing

  func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    note(one: StateChange(key: key, value: value))
  }

  func remove(key: UnsafeRawBufferPointer) { note(one: StateChange(key: key, value: nil)) }

  private func note(one change: StateChange) {
    withUnsafePointer(to: change) { note(UnsafeBufferPointer(start: $0, count: 1)) }
  }

  func note(_ some: UnsafeBufferPointer<StateChange>) {
    if some.isEmpty { return }
    durable.note(some)
    state.noteChange()
    rows.fill(some, width: entries.width)
    rows.find(in: entries)
    let numbers = rows.numbers
    known.reserve(entries.groupLimit)
    let due = layout.hasMoments ? layout.moments(some) : []
    for (index, change) in some.enumerated() {
      let old = known.pointer[Int(numbers[index])]
      guard let value = change.value else {
        if !old.isStored { continue }
        forget(old, change.key)
        known.pointer[Int(numbers[index])].isStored = false
        count -= 1
        continue
      }
      let group = layout.group(key: change.key, value: value)
      let new = Known(
        dueUs: due.isEmpty ? .max : due[index].atUs,
        group: layout.keysAreGroups ? numbers[index] : groups.insert(group),
        clock: due.isEmpty ? 0 : due[index].clock, isStored: true)
      let isSame = old.isStored && old.group == new.group && old.due == new.due
      if !isSame, old.isStored { forget(old, change.key) }
      if !old.isStored { count += 1 }
      known.pointer[Int(numbers[index])] = new
      putEntry(group, change.key, value)
      if !isSame, new.dueUs != .max { putMoment(new.due, group, change.key) }
    }
    if changes.isFull { do { try changes.write() } catch { state.note(error) } }
  }

  private func putEntry(
    _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) {
    places.writeEntry(
      group, key, to: changes.add(keyCount: places.entryCount(group, key), value: value))
  }

  private func putMoment(
    _ due: StateDue, _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer
  ) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    places.writeMoment(
      due, group, key, to: changes.add(keyCount: places.momentCount(group, key), value: none))
  }

  private func removeMoment(
    _ due: StateDue, _ group: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer
  ) {
    places.writeMoment(
      due, group, key, to: changes.add(keyCount: places.momentCount(group, key), value: nil))
  }

  private func forget(_ old: Known, _ key: UnsafeRawBufferPointer) {
    let group = groups.key(old.group)
    places.writeEntry(
      group, key, to: changes.add(keyCount: places.entryCount(group, key), value: nil))
    if old.dueUs != .max { removeMoment(old.due, group, key) }
  }

  /// Hands the changes over. The next batch begins with `select`.
  func finishBatch() throws {
    if count != storedCount {
      withUnsafeBytes(of: Int64(count)) { value in
        let target = changes.add(keyCount: places.count.count, value: value)
        places.count.withUnsafeBytes { source in
          if let start = source.baseAddress { memcpy(target, start, source.count) }
        }
      }
      storedCount = count
    }
    try changes.write()
    groups = KeyTable(width: nil)
    entries = groups
    page = .all
    known = LargeArray()
  }
}
