/// The few file operations on which exactly-once stands. Each either has happened durably when it
/// returns, or has failed and left what was there before (a torn append excepted, which the reader
/// of the file cuts).
///
/// One implementation, `PosixStorage`; its system calls pass a hook, so that a test can make the
/// n-th one fail, tear a write, or play a killed process.
public protocol Storage: Sendable {
  /// Makes a directory and what lies above it, each entry durable.
  func createDirectory(_ path: String) throws
  func exists(_ path: String) throws -> Bool
  /// Names, sorted; empty where there is no such directory.
  func list(_ path: String) throws -> [String]
  /// The whole file; nil where there is none.
  func read(_ path: String) throws -> [UInt8]?
  /// Makes a file that must not exist. It appears whole or not at all.
  func create(_ path: String, _ bytes: [UInt8]) throws
  /// Makes a file or puts another in its place, whole or not at all.
  func replace(_ path: String, _ bytes: [UInt8]) throws
  /// A new file to be written piece by piece, seen under its name only when `seal` returns.
  func newFile(_ path: String) throws -> any StorageFile
  /// Gives a file another name in the same file system; `to` must not exist.
  func move(_ from: String, to: String) throws
  /// Removes a file; none there is no error.
  func remove(_ path: String) throws
  /// Removes a directory with all in it; none there is no error.
  func removeDirectory(_ path: String) throws
  /// Opens or makes a file to which is only added. Bytes behind the first `keeping` go away.
  func openLog(_ path: String, keeping: Int?) throws -> any StorageLog
  /// Takes a lock that ends with this process or with the object; nil: somebody else holds it, who
  /// left the note that is returned.
  func lock(_ path: String, note: String) throws -> StorageLockResult
  /// The note of who holds a lock; nil: nobody. Takes nothing and writes nothing.
  func holder(ofLock path: String) throws -> String?
  /// Opens a file for reading pieces of it.
  func openForReading(_ path: String) throws -> any StorageReader
}

extension Storage {
  /// Removes what a process that ended while it wrote this file left beside it. For the file's
  /// owner alone.
  public func removeUnfinished(_ path: String) throws {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { String(path[..<$0]) } ?? "."
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    for found in try list(directory) where found.hasPrefix(".\(name).") && found.hasSuffix(".tmp") {
      try remove(directory + "/" + found)
    }
  }
}

/// What became of an attempt to take a lock.
public enum StorageLockResult: Sendable {
  case taken(any StorageLock)
  case held(note: String)
}

/// A lock that is held as long as this object lives.
public protocol StorageLock: AnyObject, Sendable {
  func release()
}

/// A file to which is only added. One thread at a time.
public protocol StorageLog: AnyObject, Sendable {
  /// Bytes now.
  var size: Int { get }
  /// Adds the pieces, one after the other; they are durable after the next `sync`. After an error
  /// the
  /// file is dead: what it holds is known only when it is opened anew.
  func write(_ pieces: [UnsafeRawBufferPointer]) throws
  /// Makes durable what was written. Never tried twice.
  func sync() throws
  func close()
}

extension StorageLog {
  /// Adds the pieces and makes them durable.
  public func append(_ pieces: [UnsafeRawBufferPointer]) throws {
    try write(pieces)
    try sync()
  }

  public func append(_ text: String) throws {
    var text = text
    try text.withUTF8 { try append([UnsafeRawBufferPointer($0)]) }
  }
}

/// A new file on its way. One thread at a time.
public protocol StorageFile: AnyObject {
  var size: Int { get }
  func write(_ bytes: UnsafeRawBufferPointer) throws
  /// Makes it durable under its name, which must be free.
  func seal() throws
  /// Throws it away.
  func discard()
}

/// Reads pieces of a file. One thread at a time.
public protocol StorageReader: AnyObject {
  var size: Int { get }
  /// Reads exactly this many bytes; the file must hold them.
  func read(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws
}
