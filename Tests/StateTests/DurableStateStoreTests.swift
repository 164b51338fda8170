import Contract
import Glibc
import Testing

@testable import State

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    path = "/tmp/moontide-test-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    mkdir(path, 0o700)
  }

  deinit { try? PosixStorage().removeDirectory(path) }
}

struct DurableStateStoreTests {
  private func open(
    _ folder: TemporaryFolder, _ mark: String?, storage: any Storage = PosixStorage(),
    limits: DurableStateStore.Limits = .init()
  ) throws -> DurableStateStore {
    try DurableStateStore(
      directory: folder.path + "/state", queryId: "q", mark: mark, storage: storage, limits: limits)
  }

  private func put(_ partition: any StatePartition, _ key: String, _ value: String?) {
    Array(key.utf8).withUnsafeBytes { key in
      guard let value else { return partition.remove(key: key) }
      Array(value.utf8).withUnsafeBytes { partition.put(key: key, value: $0) }
    }
  }

  private func contents(_ store: DurableStateStore, _ partition: Int = 0) throws -> [String: String]
  {
    var found: [String: String] = [:]
    try store.open("op", partition: partition, layout: KeyLayout()).restore { key, value in
      let name = String(decoding: key, as: UTF8.self)
      #expect(found[name] == nil, "an entry is visited once")
      found[name] = String(decoding: value, as: UTF8.self)
    }
    return found
  }

  @Test func changesAreToldAndSnapshotsChosen() throws {
    let folder = TemporaryFolder()
    var limits = DurableStateStore.Limits()
    limits.changeFileVersions = 0
    let store = try open(folder, nil, limits: limits)
    let partition = store.open("op", partition: 0, layout: KeyLayout())
    var mark: String?
    for (version, changes) in [["a": "1", "b": "2"], ["a": nil], ["c": "3"]].enumerated() {
      store.begin(version: Int64(version) + 1)
      for (key, value) in changes.sorted(by: { $0.key < $1.key }) { put(partition, key, value) }
      mark = try store.commit()
      store.maintain()
    }
    store.close()
    func reader(from version: Int64? = nil) throws -> StateReader {
      try StateReader(
        directory: folder.path + "/state", queryId: "q", mark: mark, from: version,
        storage: PosixStorage())
    }
    var told: [String] = []
    try reader().visitChanges("op", partition: 0, versions: 1...2) { version, key, value in
      let text = value.map { String(decoding: $0, as: UTF8.self) } ?? "gone"
      told.append("\(version) \(String(decoding: key, as: UTF8.self)) \(text)")
    }
    #expect(told == ["1 a 1", "1 b 2", "2 a gone"])
    for version in [nil, 1, 2] as [Int64?] {
      var found: Set<String> = []
      try reader(from: version).visit("op", partition: 0) { key, _ in
        found.insert(String(decoding: key, as: UTF8.self))
      }
      #expect(found == ["b", "c"])
    }
    #expect(throws: Failure.self) { try reader(from: 7) }
  }

  @Test func versionsComeBack() throws {
    let folder = TemporaryFolder()
    var store = try open(folder, nil)
    var partition = store.open("op", partition: 0, layout: KeyLayout())
    store.begin(version: 1)
    put(partition, "a", "1")
    put(partition, "b", "2")
    put(store.open("op", partition: 1, layout: KeyLayout()), "z", "26")
    let first = try store.commit()
    store.begin(version: 2)
    put(partition, "a", nil)
    put(partition, "b", "two")
    let second = try store.commit()
    store.begin(version: 3)
    #expect(try store.commit() == second, "a batch without changes writes nothing")
    put(partition, "lost", "never committed")
    store.close()

    store = try open(folder, second)
    #expect(try contents(store) == ["b": "two"])
    #expect(try contents(store, 1) == ["z": "26"])
    store.close()
    // The batch after the first is repeated.
    store = try open(folder, first)
    #expect(try contents(store) == ["a": "1", "b": "2"])
    partition = store.open("op", partition: 0, layout: KeyLayout())
    store.begin(version: 2)
    put(partition, "c", "3")
    let again = try store.commit()
    store.close()
    store = try open(folder, again)
    #expect(try contents(store) == ["a": "1", "b": "2", "c": "3"])
    store.close()
    store = try open(folder, nil)
    #expect(try contents(store) == [:])
  }

  /// Many batches through snapshots and purging, each version compared with a model.
  @Test(arguments: [1, 2, 3])
  func snapshotsAndPurge(_ seed: UInt64) throws {
    let folder = TemporaryFolder()
    var limits = DurableStateStore.Limits()
    limits.changeFileBytes = 2000
    limits.versionsToRetain = 5
    // The changes are merged in one, two, … eight parts.
    limits.heldBytes = Int(seed) * 500
    var model: [String: String] = [:]
    var mark: String?
    var store = try open(folder, nil, limits: limits)
    var random = seed
    func next(_ bound: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % bound
    }
    for version in 1...200 {
      let partition = store.open("op", partition: 0, layout: KeyLayout())
      store.begin(version: Int64(version))
      for _ in 0..<next(20) {
        let key = "key\(next(50))"
        let value = next(4) == 0 ? nil : String(repeating: "v", count: Int(next(40)))
        put(partition, key, value)
        model[key] = value
      }
      mark = try store.commit()
      if store.needsMaintenance { store.maintain() }
      if next(10) == 0 {
        store.close()
        store = try open(folder, mark, limits: limits)
        #expect(try contents(store) == model)
        #expect(store.damagedSnapshots.isEmpty)
      }
    }
    let names = try PosixStorage().list(folder.path + "/state")
    #expect(names.count < 12, "old files are removed: \(names)")
    // A damaged newest snapshot is left aside: the one before and the changes since make it up.
    let newest = try #require(names.last { $0.hasPrefix("snapshot-") })
    let path = folder.path + "/state/" + newest
    var bytes = try #require(try PosixStorage().read(path))
    bytes[bytes.count / 2] ^= 4
    try PosixStorage().replace(path, bytes)
    store = try open(folder, mark, limits: limits)
    #expect(store.damagedSnapshots.count == 1)
    #expect(try contents(store) == model)
  }

  @Test func damageIsNamed() throws {
    let folder = TemporaryFolder()
    let store = try open(folder, nil)
    let partition = store.open("op", partition: 0, layout: KeyLayout())
    var mark: String?
    for version in 1...3 {
      store.begin(version: Int64(version))
      put(partition, "k", "value \(version)")
      mark = try store.commit()
    }
    store.close()
    let storage = PosixStorage()
    let path = folder.path + "/state/" + (try storage.list(folder.path + "/state")[0])
    let sound = try #require(try storage.read(path))
    for at in sound.indices {
      var bytes = sound
      bytes[at] ^= 1
      let file = fopen(path, "w")
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
      do {
        let store = try open(folder, mark)
        _ = try contents(store)
        Issue.record("a flipped bit at \(at) went unseen")
      } catch let failure as Failure {
        #expect(failure.condition.hasPrefix("STREAMING_"), "\(failure)")
      }
    }
    try storage.replace(path, Array(sound.dropLast()))
    #expect(throws: Failure.self) { _ = try open(folder, mark) }
    try storage.remove(path)
    #expect(throws: Failure.self) { _ = try open(folder, mark) }
  }

  /// Stops the process at every system call of some batches, and opens what is left.
  @Test(arguments: [false, true])
  func stoppedAtEveryCall(_ isTorn: Bool) throws {
    for number in 1...10_000 {
      let folder = TemporaryFolder()
      let faults = StorageFaults { count, call, _ in
        guard count == number else { return nil }
        return isTorn && call == .write ? .torn : .kill
      }
      var marks: [String?] = [nil]
      var limits = DurableStateStore.Limits()
      limits.changeFileBytes = 300
      do {
        let store = try open(
          folder, nil, storage: PosixStorage(faults: faults), limits: limits)
        let partition = store.open("op", partition: 0, layout: KeyLayout())
        for version in 1...12 {
          store.begin(version: Int64(version))
          put(partition, "n", "\(version)")
          put(partition, "k\(version)", String(repeating: "x", count: 60))
          marks.append(try store.commit())
          if store.needsMaintenance { store.maintain() }
        }
      } catch let failure as Failure { #expect(failure.condition == "KILLED") }
      let store = try open(folder, marks[marks.count - 1])
      let found = try contents(store)
      #expect(found.count == (marks.count > 1 ? marks.count : 0), "call \(number)")
      #expect(found["n"] == (marks.count > 1 ? "\(marks.count - 1)" : nil))
      if !faults.isKilled { return }
    }
  }

  /// Makes each call fail in turn, snapshots included: what was committed before is there.
  @Test(arguments: [ENOSPC, EIO])
  func failsAtEveryCall(_ code: CInt) throws {
    for number in 1...10_000 {
      let folder = TemporaryFolder()
      let faults = StorageFaults(at: number, .error(code))
      var marks: [String?] = [nil]
      var limits = DurableStateStore.Limits()
      limits.changeFileBytes = 300
      do {
        let store = try open(
          folder, nil, storage: PosixStorage(faults: faults), limits: limits)
        defer { store.close() }
        let partition = store.open("op", partition: 0, layout: KeyLayout())
        for version in 1...12 {
          store.begin(version: Int64(version))
          put(partition, "n", "\(version)")
          put(partition, "k\(version)", String(repeating: "x", count: 60))
          marks.append(try store.commit())
          if store.needsMaintenance { store.maintain() }
        }
      } catch let failure as Failure {
        #expect(failure.condition == (code == ENOSPC ? "DISK_FULL" : "DISK_ERROR"))
      }
      if faults.count < number { return }
      let store = try open(folder, marks[marks.count - 1])
      let found = try contents(store)
      #expect(found.count == (marks.count > 1 ? marks.count : 0), "call \(number)")
      #expect(store.damagedSnapshots.isEmpty)
      store.close()
    }
  }

  @Test func shortWritesGoOn() throws {
    let folder = TemporaryFolder()
    let faults = StorageFaults { _, call, _ in call == .write ? .short : nil }
    let store = try open(folder, nil, storage: PosixStorage(faults: faults))
    store.begin(version: 1)
    put(store.open("op", partition: 0, layout: KeyLayout()), "a", "1")
    let mark = try store.commit()
    store.maintain()
    store.close()
    #expect(try contents(open(folder, mark)) == ["a": "1"])
  }

  @Test func manyKeysAreFast() throws {
    let folder = TemporaryFolder()
    let store = try open(folder, nil)
    let partitions = (0..<8).map { store.open("op", partition: $0, layout: KeyLayout()) }
    store.begin(version: 1)
    let clock = SystemClock()
    let start = clock.monotonicNs
    for index in 0..<2_500_000 {
      var key = (UInt64(index) &* 0x9E37_79B9_7F4A_7C15, UInt64(index))
      var value = Int64(index)
      withUnsafeBytes(of: &key) { key in
        withUnsafeBytes(of: &value) { partitions[index & 7].put(key: key, value: $0) }
      }
    }
    let put = clock.monotonicNs
    _ = try store.commit()
    let done = clock.monotonicNs
    print("2.5 M keys: put \((put - start) / 1_000_000) ms, commit \((done - put) / 1_000_000) ms")
    let maintain = clock.monotonicNs
    store.maintain()
    print("snapshot \((clock.monotonicNs - maintain) / 1_000_000) ms")
  }
}
