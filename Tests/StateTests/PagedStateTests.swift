import Contract
import Testing

@testable import State

/// Keys are `group.name`; a value that begins with a number is due then.
private struct WordLayout: StateLayout {
  var keysAreGroups: Bool { false }

  func group(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: key.prefix { $0 != UInt8(ascii: ".") })
  }

  func moments(_ entries: UnsafeBufferPointer<StateChange>) -> [StateDue] {
    entries.map { entry in
      entry.value.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
        .map { StateDue(clock: 1, atUs: $0) } ?? .never
    }
  }
}

struct PagedStateTests {
  private let folder = TemporaryFolder()

  private func open(_ mark: String?) throws -> (DurableStateStore, any StatePartition) {
    let store = try DurableStateStore(
      directory: folder.path + "/state", queryId: "q", mark: mark, storage: PosixStorage(),
      isPaged: true)
    return (store, store.open("op", partition: 3, layout: WordLayout()))
  }

  private func put(_ partition: any StatePartition, _ entries: [String: String?]) {
    for (key, value) in entries {
      Array(key.utf8).withUnsafeBytes { key in
        guard let value else { return partition.remove(key: key) }
        Array(value.utf8).withUnsafeBytes { partition.put(key: key, value: $0) }
      }
    }
  }

  private func page(
    _ partition: any StatePartition, _ groups: [String]?, dueUpTo: Int64? = nil
  ) throws -> [String: String] {
    let touched = groups.map { names in
      let table = KeyTable(width: nil)
      for name in names { Array(name.utf8).withUnsafeBytes { _ = table.insert($0) } }
      return table
    }
    try partition.select(
      StatePage(
        groups: touched,
        due: dueUpTo.map { [StateDue(clock: 1, atUs: $0)] } ?? []))
    var found: [String: String] = [:]
    try partition.restore { key, value in
      let name = String(decoding: key, as: UTF8.self)
      #expect(found[name] == nil, "an entry is visited once")
      found[name] = String(decoding: value, as: UTF8.self)
    }
    return found
  }

  private var isKept: Bool {
    (try? PosixStorage().exists(folder.path + "/state/live-at")) ?? false
  }

  @Test func aPageIsWhatABatchTouchesAndWhatIsDue() throws {
    let (store, partition) = try open(nil)
    store.begin(version: 1)
    #expect(try page(partition, []) == [:])
    put(partition, ["a.1": "x", "a.2": "20", "b.1": "10", "c.1": "30", "ab.1": "y"])
    _ = try store.commit()
    store.begin(version: 2)
    #expect(try page(partition, ["a"]) == ["a.1": "x", "a.2": "20"])
    #expect(partition.entryCount == 5)
    // Whole groups come: a.1 is not due, but what is due may need it.
    #expect(try page(partition, [], dueUpTo: 20) == ["a.1": "x", "a.2": "20", "b.1": "10"])
    put(partition, ["a.2": "40", "b.1": nil])
    #expect(try page(partition, ["c"], dueUpTo: 29) == ["c.1": "30"])
    #expect(try page(partition, nil) == ["a.1": "x", "a.2": "40", "c.1": "30", "ab.1": "y"])
    #expect(partition.entryCount == 4)
    store.close()
  }

  @Test func theDatabaseIsKeptOrMadeAnew() throws {
    var (store, partition) = try open(nil)
    store.begin(version: 1)
    #expect(try page(partition, nil) == [:])
    put(partition, ["a.1": "5", "b.1": "x"])
    let first = try store.commit()
    store.close()
    #expect(isKept)

    // Kept: and an uncommitted change makes it worthless.
    (store, partition) = try open(first)
    #expect(!isKept)
    store.begin(version: 2)
    #expect(try page(partition, [], dueUpTo: 5) == ["a.1": "5"])
    #expect(partition.entryCount == 2)
    put(partition, ["a.1": nil, "lost.1": "never committed"])
    store.close()
    #expect(!isKept)

    (store, partition) = try open(first)
    store.begin(version: 2)
    #expect(try page(partition, nil) == ["a.1": "5", "b.1": "x"])
    #expect(partition.entryCount == 2)
    put(partition, ["b.1": "y"])
    _ = try store.commit()
    store.close()
    #expect(isKept)

    // The batch log ends before what the database holds: the batch is run again.
    (store, partition) = try open(first)
    #expect(try page(partition, ["b"]) == ["b.1": "x"])
    store.close()
  }
}
