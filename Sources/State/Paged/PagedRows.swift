import Columns
import Glibc

// What a page needs of many entries at a time. Each has one owner.

/// The keys of some changes as rows, and their numbers in a table.
final class KeyRows {
  private let bytes = LargeMemory(capacity: 1 << 12)
  private let offsets = LargeArray<Int>()
  private let hashes = LargeArray<UInt64>()
  private let found = LargeArray<UInt32>()
  private var rows: RowKeys?

  /// Of the rows, once they are found.
  var numbers: UnsafePointer<UInt32> { UnsafePointer(found.pointer) }

  func fill(_ changes: UnsafeBufferPointer<StateChange>, width: Int?) {
    let count = changes.count
    bytes.grow(to: changes.reduce(0) { $0 &+ $1.key.count })
    offsets.reserve(count + 1)
    hashes.reserve(count)
    found.reserve(count)
    var at = 0
    for (index, change) in changes.enumerated() {
      offsets.pointer[index] = at
      hashes.pointer[index] = RowKeyHash.hash(change.key)
      if let source = change.key.baseAddress {
        ShortBytes.copy(source, change.key.count, to: bytes.pointer + at)
      }
      at &+= change.key.count
    }
    offsets.pointer[count] = at
    rows = RowKeys(
      bytes: bytes.pointer, offsets: width == nil ? UnsafePointer(offsets.pointer) : nil,
      width: width ?? 0, count: count, hashes: UnsafePointer(hashes.pointer))
  }

  func find(in table: KeyTable) {
    if let rows { table.findOrInsert(rows, into: found.pointer) }
  }
}

/// Entries that were loaded and whose moments are to be looked at, some thousand at a time.
struct TakenEntries {
  private var numbers: [UInt32] = []
  private var ends: [Int] = []
  private var values: [UInt8] = []

  private static let stepEntries = 1024

  var isFull: Bool { numbers.count >= Self.stepEntries }

  mutating func add(_ number: UInt32, _ value: UnsafeRawBufferPointer) {
    numbers.append(number)
    values.append(contentsOf: value)
    ends.append(values.count)
  }

  /// Gives all at once, and forgets them.
  mutating func forEach(
    _ keys: StoredKeys, _ body: ([UInt32], UnsafeBufferPointer<StateChange>) -> Void
  ) {
    if numbers.isEmpty { return }
    values.withUnsafeBytes { values in
      var begin = 0
      let changes = zip(numbers, ends).map { number, end in
        defer { begin = end }
        return StateChange(
          key: keys[number], value: UnsafeRawBufferPointer(rebasing: values[begin..<end]))
      }
      changes.withUnsafeBufferPointer { body(numbers, $0) }
    }
    numbers.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }
}

/// Entries that stand under a moment.
struct DueEntryList {
  private var due: [StateDue] = []
  private var groups: [UInt32] = []
  private var ends: [Int] = []
  private var keys: [UInt8] = []

  mutating func add(_ moment: StateDue, _ group: UInt32, _ key: UnsafeRawBufferPointer) {
    due.append(moment)
    groups.append(group)
    keys.append(contentsOf: key)
    ends.append(keys.count)
  }

  func forEach(_ body: (StateDue, _ group: UInt32, _ key: UnsafeRawBufferPointer) -> Void) {
    keys.withUnsafeBytes { keys in
      var begin = 0
      for index in due.indices {
        body(due[index], groups[index], UnsafeRawBufferPointer(rebasing: keys[begin..<ends[index]]))
        begin = ends[index]
      }
    }
  }
}
