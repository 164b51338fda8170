import CRocksDB
import Contract
import Glibc
import Synchronization

/// A RocksDB that one process uses as a table larger than memory. It logs nothing: what is durable
/// lies in the change files.
///
/// Border (`@unchecked Sendable`): RocksDB's handle may be used by several threads at once; batches
/// and walks belong to one.
final class RocksDB: @unchecked Sendable {
  fileprivate let handle: OpaquePointer
  private let isClosed = Atomic(false)

  /// Opens or makes the database in a directory.
  init(_ path: String, cacheBytes: Int, bufferBytes: Int) throws {
    if let problem = moontide_rocksdb_load() {
      throw Failure(
        "STATE_STORE_LIBRARY_MISSING", "RocksDB cannot be opened: \(String(cString: problem))",
        hint: "Install it (`apt-get install librocksdb7.8`), or set "
          + "`moontide.stateStore` to `memory`")
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let handle = moontide_rocksdb_open(path, cacheBytes, bufferBytes, &message) else {
      throw Self.failure(message) ?? Self.failure("it does not open")
    }
    self.handle = handle
  }

  deinit { close() }

  /// Gives back files and memory; nothing may be asked of the database any more.
  func close() {
    if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
    moontide_rocksdb_close(handle)
  }

  /// Writes what is in memory to files.
  func flush() throws { try Self.check(moontide_rocksdb_flush(handle)) }

  var memoryBytes: Int { Int(clamping: moontide_rocksdb_memory(handle)) }

  fileprivate static func check(_ message: UnsafeMutablePointer<CChar>?) throws {
    if let failure = failure(message) { throw failure }
  }

  private static func failure(_ message: UnsafeMutablePointer<CChar>?) -> Failure? {
    guard let message else { return nil }
    defer { free(message) }
    return failure(String(cString: message))
  }

  private static func failure(_ text: String) -> Failure {
    Failure(
      "STATE_STORE_FAILED", "RocksDB: \(text)",
      hint: "Nothing durable is lost: free the disk or mend its rights, and start the query again")
  }
}

/// Changes that are written together. One thread at a time.
final class RocksDBChanges {
  private let batch: OpaquePointer
  private let database: RocksDB
  /// Changes are written when they take more than this, bytes.
  private static let fullBytes = 1 << 20

  init(_ database: RocksDB) {
    guard let batch = moontide_rocksdb_batch_create() else {
      preconditionFailure("out of memory for a RocksDB batch")
    }
    self.batch = batch
    self.database = database
  }

  deinit { moontide_rocksdb_batch_free(batch) }

  /// A key has at least one byte.
  func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    guard let start = key.baseAddress else { return }
    moontide_rocksdb_put(batch, start, key.count, value.baseAddress, value.count)
  }

  func delete(_ key: UnsafeRawBufferPointer) {
    guard let start = key.baseAddress else { return }
    moontide_rocksdb_delete(batch, start, key.count)
  }

  var isFull: Bool { moontide_rocksdb_batch_size(batch) > Self.fullBytes }

  func write() throws {
    try RocksDB.check(moontide_rocksdb_write(database.handle, batch))
  }
}

/// Walks the entries whose keys begin with some bytes, in the order of the keys.
final class RocksDBWalk {
  private let walk: OpaquePointer

  init(_ database: RocksDB) {
    guard let walk = moontide_rocksdb_walk_create(database.handle) else {
      preconditionFailure("out of memory for a RocksDB iterator")
    }
    self.walk = walk
  }

  deinit { moontide_rocksdb_walk_free(walk) }

  /// Goes on to the first key that is not before this one; the walk has not yet been behind it.
  /// Gives the value if it is that very key. Valid until the walk goes on.
  @inline(__always)
  func value(at key: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer? {
    guard let start = key.baseAddress else { return nil }
    switch moontide_rocksdb_advance(walk, start, key.count) {
    case 0:
      var count = 0
      let value = moontide_rocksdb_value(walk, &count)
      return UnsafeRawBufferPointer(start: value, count: count)
    case let order:
      if order < 0 { try check() }
      return nil
    }
  }

  /// A walk that ends ends at the last key, or where something failed.
  private func check() throws { try RocksDB.check(moontide_rocksdb_walk_error(walk)) }

  /// Visits the entries with the prefix until `visit` says that it is enough (false). The walk has
  /// not yet been behind them. The bytes are valid during the call; the key comes without the
  /// prefix.
  func visit(
    _ prefix: UnsafeRawBufferPointer,
    _ visit: (_ rest: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
  ) throws {
    guard let start = prefix.baseAddress else { return }
    _ = moontide_rocksdb_advance(walk, start, prefix.count)
    var count = 0
    while let key = moontide_rocksdb_key(walk, &count) {
      guard count >= prefix.count, memcmp(key, start, prefix.count) == 0 else { return }
      let rest = UnsafeRawBufferPointer(start: key + prefix.count, count: count - prefix.count)
      var valueCount = 0
      let value = moontide_rocksdb_value(walk, &valueCount)
      guard try visit(rest, UnsafeRawBufferPointer(start: value, count: valueCount)) else { return }
      moontide_rocksdb_next(walk)
    }
    try check()
  }
}
