import CSystem
import Glibc
import Synchronization

/// Files of a local POSIX file system.
public struct PosixStorage: Storage {
  private let calls: StorageCalls

  /// `isPrivate`: new files and directories are for this user alone, as a checkpoint's must be;
  /// otherwise as the process's umask says.
  public init(isPrivate: Bool = true, faults: StorageFaults? = nil) {
    calls = StorageCalls(isPrivate: isPrivate, faults: faults ?? .ofProcess)
  }

  public func createDirectory(_ path: String) throws {
    var missing: [String] = []
    var at = Substring(path)
    while at.count > 1, at.last == "/" { at.removeLast() }
    while !at.isEmpty, try kind(String(at)) == nil {
      missing.append(String(at))
      guard let slash = at.lastIndex(of: "/") else { break }
      at = at[..<slash]
    }
    if missing.isEmpty, try kind(path) != .directory {
      throw Failure("PATH_NOT_A_DIRECTORY", "`\(path)` is not a directory")
    }
    for directory in missing.reversed() {
      try calls.run(.mkdir, "make the directory", directory, allowing: EEXIST) {
        mkdir(directory, calls.isPrivate ? 0o700 : 0o777)
      }
      try calls.syncDirectory(parent(directory))
    }
  }

  private enum Kind { case file, directory, other }

  private func kind(_ path: String) throws -> Kind? {
    var info = stat()
    if stat(path, &info) == 0 {
      switch info.st_mode & S_IFMT {
      case S_IFDIR: return .directory
      case S_IFREG: return .file
      default: return .other
      }
    }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw Failure.file("look at", path, errno: errno)
  }

  public func exists(_ path: String) throws -> Bool { try kind(path) != nil }

  public func list(_ path: String) throws -> [String] {
    try calls.check(.list, "list", path)
    guard let directory = opendir(path) else {
      if errno == ENOENT { return [] }
      throw Failure.file("list", path, errno: errno)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw Failure.file("list", path, errno: errno) }
        return names.sorted()
      }
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  public func read(_ path: String) throws -> [UInt8]? {
    guard try kind(path) != nil else { return nil }
    let reader = try OpenReader(path, calls)
    return try [UInt8](unsafeUninitializedCapacity: reader.size) { buffer, count in
      try reader.read(
        UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[..<reader.size]), at: 0)
      count = reader.size
    }
  }

  public func create(_ path: String, _ bytes: [UInt8]) throws {
    try write(path, bytes, mayReplace: false)
  }

  public func replace(_ path: String, _ bytes: [UInt8]) throws {
    try write(path, bytes, mayReplace: true)
  }

  private func write(_ path: String, _ bytes: [UInt8], mayReplace: Bool) throws {
    let file = try NewFile(path, calls, mayReplace: mayReplace)
    do {
      try bytes.withUnsafeBytes { try file.write($0) }
      try file.seal()
    } catch {
      file.discard()
      throw error
    }
  }

  public func newFile(_ path: String) throws -> any StorageFile {
    try NewFile(path, calls, mayReplace: false)
  }

  public func move(_ from: String, to: String) throws {
    try calls.rename(from, to, mayReplace: false)
    try calls.syncDirectory(parent(to))
    if parent(from) != parent(to) { try calls.syncDirectory(parent(from)) }
  }

  public func remove(_ path: String) throws {
    try calls.run(.unlink, "remove", path, allowing: ENOENT) { unlink(path) }
  }

  public func removeDirectory(_ path: String) throws {
    for name in try list(path) {
      let child = path + "/" + name
      var info = stat()
      let isDirectory = lstat(child, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
      if isDirectory { try removeDirectory(child) } else { try remove(child) }
    }
    try calls.run(.rmdir, "remove the directory", path, allowing: ENOENT) { rmdir(path) }
  }

  public func openLog(_ path: String, keeping: Int?) throws -> any StorageLog {
    try AppendLog(path, calls, keeping: keeping, isNew: try kind(path) == nil)
  }

  public func lock(_ path: String, note: String) throws -> StorageLockResult {
    let descriptor = try calls.open(path, O_RDWR | O_CREAT)
    do {
      try calls.check(.lock, "lock", path)
      if moontide_lock_file(descriptor) != 0 {
        let code = errno
        guard code == EAGAIN || code == EACCES else {
          throw Failure.file("lock", path, errno: code)
        }
        let held = try read(path) ?? []
        close(descriptor)
        return .held(note: String(decoding: held, as: UTF8.self))
      }
      try calls.run(.truncate, "write", path) { ftruncate(descriptor, 0) }
      try Array(note.utf8).withUnsafeBytes { try calls.write(descriptor, $0, path) }
      return .taken(HeldLock(descriptor))
    } catch {
      close(descriptor)
      throw error
    }
  }

  public func holder(ofLock path: String) throws -> String? {
    guard try kind(path) != nil else { return nil }
    let descriptor = try calls.open(path, O_RDONLY)
    defer { close(descriptor) }
    switch moontide_is_locked(descriptor) {
    case 0: return nil
    case 1: return String(decoding: try read(path) ?? [], as: UTF8.self)
    default: throw Failure.file("look at the lock", path, errno: errno)
    }
  }

  public func openForReading(_ path: String) throws -> any StorageReader {
    try OpenReader(path, calls)
  }
}

/// The directory that holds a path.
private func parent(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// System calls, each asking the faults first.
struct StorageCalls: Sendable {
  let isPrivate: Bool
  let faults: StorageFaults?

  /// Asks the faults; an error becomes the failure it stands for.
  func check(_ call: StorageCall, _ doing: String, _ path: String) throws {
    if case .error(let code)? = try faults?.next(call, path) {
      throw Failure.file(doing, path, errno: code)
    }
  }

  /// A call that gives 0, or -1 and errno; repeated when a signal came.
  func run(
    _ call: StorageCall, _ doing: String, _ path: String, allowing: CInt? = nil,
    _ body: () -> CInt
  ) throws {
    try check(call, doing, path)
    while body() != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == allowing { return }
      throw Failure.file(doing, path, errno: code)
    }
  }

  func open(_ path: String, _ flags: CInt) throws -> CInt {
    try check(.open, "open", path)
    while true {
      let descriptor = Glibc.open(path, flags | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
      if descriptor >= 0 { return descriptor }
      if errno != EINTR { throw Failure.file("open", path, errno: errno) }
    }
  }

  /// `place` is what the faults are told, where it is not the path that messages name.
  func write(
    _ descriptor: CInt, _ bytes: UnsafeRawBufferPointer, _ path: String, at place: String? = nil
  ) throws {
    var rest = bytes
    while !rest.isEmpty {
      var count = rest.count
      var isTorn = false
      switch try faults?.next(.write, place ?? path) {
      case .error(let code)?: throw Failure.file("write", path, errno: code)
      case .short?: count = 1
      case .torn?: (count, isTorn) = (rest.count / 2, true)
      case .kill?, nil: break
      }
      let written = Glibc.write(descriptor, rest.baseAddress, count)
      if isTorn, let faults { throw faults.kill() }
      if written < 0 {
        if errno == EINTR { continue }
        throw Failure.file("write", path, errno: errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  func sync(_ descriptor: CInt, _ path: String, at place: String? = nil) throws {
    // Never repeated: after a failed write-back the kernel calls the pages clean, and a second
    // fdatasync would say that all is well.
    if case .error(let code)? = try faults?.next(.sync, place ?? path) {
      throw Failure.file("make durable", path, errno: code)
    }
    if fdatasync(descriptor) != 0 { throw Failure.file("make durable", path, errno: errno) }
  }

  func syncDirectory(_ path: String) throws {
    let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
    defer { Glibc.close(descriptor) }
    try check(.sync, "make durable", path)
    if fsync(descriptor) != 0 { throw Failure.file("make durable", path, errno: errno) }
  }

  func rename(_ from: String, _ to: String, mayReplace: Bool) throws {
    try run(.rename, "make", to) {
      mayReplace
        ? Glibc.rename(from, to)
        : moontide_rename_new(from, to)
    }
  }

  func close(_ descriptor: CInt, _ path: String) throws {
    try check(.close, "close", path)
    if Glibc.close(descriptor) != 0 && errno != EINTR {
      throw Failure.file("close", path, errno: errno)
    }
  }
}

private final class HeldLock: StorageLock {
  private let descriptor: Mutex<CInt?>

  init(_ descriptor: CInt) { self.descriptor = Mutex(descriptor) }

  func release() {
    descriptor.withLock { held in
      if let open = held { close(open) }
      held = nil
    }
  }

  deinit { release() }
}

/// Border (`@unchecked Sendable`): the contract says one thread at a time.
private final class AppendLog: StorageLog, @unchecked Sendable {
  private(set) var size: Int
  private var descriptor: CInt
  private let path: String
  private let calls: StorageCalls

  init(_ path: String, _ calls: StorageCalls, keeping: Int?, isNew: Bool) throws {
    self.path = path
    self.calls = calls
    descriptor = try calls.open(path, O_WRONLY | O_APPEND | O_CREAT)
    var info = stat()
    fstat(descriptor, &info)
    size = Int(info.st_size)
    do {
      if let keeping, keeping < size {
        let descriptor = self.descriptor
        try calls.run(.truncate, "cut", path) { ftruncate(descriptor, keeping) }
        try calls.sync(descriptor, path)
        size = keeping
      }
      if isNew { try calls.syncDirectory(parent(path)) }
    } catch {
      close()
      throw error
    }
  }

  func write(_ pieces: [UnsafeRawBufferPointer]) throws {
    try orClose {
      var info = stat()
      fstat(descriptor, &info)
      guard Int(info.st_size) == size, info.st_nlink > 0 else {
        throw Failure(
          "CONCURRENT_STREAM_LOG_UPDATE", "somebody else wrote to `\(path)`",
          hint: "Two queries use one checkpoint; give each its own")
      }
      for piece in pieces { try calls.write(descriptor, piece, path) }
      size += pieces.reduce(0) { $0 + $1.count }
    }
  }

  func sync() throws { try orClose { try calls.sync(descriptor, path) } }

  private func orClose(_ body: () throws -> Void) throws {
    guard descriptor >= 0 else {
      throw Failure("FILE_ERROR", "`\(path)` was given up after an error")
    }
    do { try body() } catch {
      close()
      throw error
    }
  }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  deinit { close() }
}

private final class NewFile: StorageFile {
  private(set) var size = 0
  private var descriptor: CInt
  private let path: String
  private let temporary: String
  private let calls: StorageCalls
  private let mayReplace: Bool

  init(_ path: String, _ calls: StorageCalls, mayReplace: Bool) throws {
    self.path = path
    self.calls = calls
    self.mayReplace = mayReplace
    let directory = parent(path)
    let name = path.dropFirst(directory == "." ? 0 : directory.count + (directory == "/" ? 0 : 1))
    let random = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    temporary = "\(directory)/.\(name).\(random).tmp"
    descriptor = try calls.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try calls.write(descriptor, bytes, path, at: temporary)
    size += bytes.count
  }

  func seal() throws {
    try calls.sync(descriptor, path, at: temporary)
    let open = descriptor
    descriptor = -1
    try calls.close(open, path)
    try calls.rename(temporary, path, mayReplace: mayReplace)
    try calls.syncDirectory(parent(path))
  }

  func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    // A killed process cleans up nothing.
    if calls.faults?.isKilled != true { unlink(temporary) }
  }
}

private final class OpenReader: StorageReader {
  let size: Int
  private let descriptor: CInt
  private let path: String
  private let calls: StorageCalls

  init(_ path: String, _ calls: StorageCalls) throws {
    self.path = path
    self.calls = calls
    descriptor = try calls.open(path, O_RDONLY)
    var info = stat()
    fstat(descriptor, &info)
    size = Int(info.st_size)
  }

  func read(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < target.count {
      try calls.check(.read, "read", path)
      let count = pread(
        descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure.file("read", path, errno: errno)
      }
      if count == 0 {
        throw Failure(
          "FILE_CHANGED", "`\(path)` ends at byte \(offset + done), before what was to be read",
          hint: "It was cut while it was being read")
      }
      done += count
    }
  }

  deinit { close(descriptor) }
}
