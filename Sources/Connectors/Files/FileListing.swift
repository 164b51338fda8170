import Contract
import Glibc

/// A file that a listing found, with the `key=value` directories on its way.
struct ListedFile: Sendable, Hashable {
  let file: InputFile
  let partition: [PartitionValue]
}

/// One `key=value` directory.
struct PartitionValue: Sendable, Hashable {
  let name: String
  /// nil: `__HIVE_DEFAULT_PARTITION__`.
  let text: String?

  static let nullText = "__HIVE_DEFAULT_PARTITION__"
}

/// Finds the data files under some paths, as Spark does: names that begin with `_` or `.` are not
/// data; files in directories below a path count where some of those are called `key=value`, or
/// with `recursiveFileLookup`; a directory that a file sink wrote is read through the sink's log.
struct FileListing: Sendable {
  let paths: [String]
  let isRecursive: Bool
  /// Shell patterns for file names; none: every name.
  let namePatterns: [String]
  let storage: any Storage
  /// Where the `key=value` directories begin, if not below the path.
  var basePath: String?
  /// The times between which files must have changed.
  var modifiedUs = Int64.min..<Int64.max

  /// Whether what matches a pattern may still come, as for a stream.
  var mayComeLater = false

  /// Directories below a path that are followed at most.
  static let depthLimit = 64

  /// The files, path by path, each directory's in order of name. Throws where a path that is no
  /// pattern does not exist. `memory` spares what has not changed since it was looked at.
  func files(_ memory: DirectoryMemory = DirectoryMemory()) throws -> [ListedFile] {
    var found = PlacedFiles()
    for path in paths {
      let roots = try Self.expand(path)
      if roots.isEmpty, !mayComeLater {
        throw Failure("PATH_NOT_FOUND", "nothing matches the path `\(path)`")
      }
      for root in roots {
        if let log = try SinkLogReader(root, storage) {
          for file in try memory.logged(root, log) where accepts(Self.name(file.path), file) {
            found.add(file, .of(Self.directory(file.path), below: root), isDirect: true)
          }
          continue
        }
        try walk(root, try place(of: root), above: [], memory, into: &found)
      }
    }
    if isRecursive { return found.all.map { ListedFile(file: $0.file, partition: []) } }
    return try found.listed()
  }

  /// Where the files of a path that was asked for lie.
  private func place(of root: String) throws -> PartitionPlace {
    guard let basePath, !isRecursive else { return PartitionPlace(root: root) }
    var info = stat()
    guard stat(basePath, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("INVALID_OPTION_VALUE", "the `basePath` `\(basePath)` is no directory")
    }
    guard root == basePath || root.hasPrefix(basePath == "/" ? "/" : basePath + "/") else {
      throw Failure(
        "INVALID_OPTION_VALUE", "the path `\(root)` does not lie in the `basePath` `\(basePath)`")
    }
    let isFile = stat(root, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    return .of(isFile ? Self.directory(root) : root, below: basePath)
  }

  /// Whether some path is read through a sink's log.
  func hasSinkLog() throws -> Bool {
    try paths.contains { try !Self.isPattern($0) && SinkLogReader($0, storage) != nil }
  }

  static func isPattern(_ path: String) -> Bool { path.contains { "*?[{".contains($0) } }

  static func name(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  private static func directory(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
  }

  private static func expand(_ path: String) throws -> [String] {
    guard isPattern(path) else { return [path] }
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(path, GLOB_BRACE, nil, &result) == 0, let names = result.gl_pathv else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { names[$0].map { String(cString: $0) } }
  }

  private func walk(
    _ path: String, _ place: PartitionPlace, above: [Inode], _ memory: DirectoryMemory,
    into found: inout PlacedFiles
  ) throws {
    var info = stat()
    guard stat(path, &info) == 0 else {
      let code = errno
      // What vanishes between the listing and here is not there.
      if !above.isEmpty && code == ENOENT { return }
      guard code == ENOENT || code == ENOTDIR else {
        throw Failure.file("read", path, errno: code)
      }
      throw Failure("PATH_NOT_FOUND", "the path `\(path)` does not exist")
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG:
      let file = InputFile(path: path, info)
      if accepts(Self.name(path), file) { found.add(file, place, isDirect: true) }
    case S_IFDIR:
      // A link back to a directory above: all below it is found already.
      if above.contains(Inode(info)) { return }
      guard above.count < Self.depthLimit else {
        throw Failure("PATH_TOO_DEEP", "`\(path)` lies deeper than \(Self.depthLimit) directories")
      }
      let entries = try memory.entries(path, info) { try self.entries(path) }
      for entry in entries {
        switch entry {
        case .file(let file): found.add(file, place, isDirect: above.isEmpty || isRecursive)
        case .directory(let child, let value):
          try walk(
            child, place.entering(child, below: path, value), above: above + [Inode(info)], memory,
            into: &found)
        }
      }
    default:
      if above.isEmpty {
        throw Failure(
          FileBytes.unreadable, "`\(path)` is neither a file nor a directory",
          hint: "Pipes and devices are not read: their rows could not be read again")
      }
    }
  }

  /// What tells one directory from another, whatever leads to it.
  private struct Inode: Hashable {
    let device: UInt
    let number: UInt

    init(_ info: stat) { (device, number) = (info.st_dev, info.st_ino) }
  }

  /// The files and directories of a directory that may matter.
  private func entries(_ directory: String) throws -> [DirectoryMemory.Entry] {
    try storage.list(directory).compactMap { name in
      if Self.isHidden(name) { return nil }
      let child = directory == "/" ? "/" + name : directory + "/" + name
      var info = stat()
      guard stat(child, &info) == 0 else {
        // A link to nothing; or a name that is no text, which would be left out unseen.
        guard name.unicodeScalars.contains("\u{FFFD}"), lstat(child, &info) != 0 else { return nil }
        throw Failure(
          FileBytes.unreadable, "`\(directory)` holds a name that is no UTF-8: `\(name)`",
          hint: "Rename it")
      }
      switch info.st_mode & S_IFMT {
      case S_IFREG:
        let file = InputFile(path: child, info)
        return accepts(name, file) ? .file(file) : nil
      case S_IFDIR: return .directory(child, Self.partitionValue(name))
      default: return nil
      }
    }
  }

  private func accepts(_ name: String, _ file: InputFile) -> Bool {
    guard !Self.isHidden(name), modifiedUs.contains(file.modifiedUs) else { return false }
    return namePatterns.isEmpty || namePatterns.contains { fnmatch($0, name, 0) == 0 }
  }

  static func isHidden(_ name: String) -> Bool {
    name.hasPrefix(".") || (name.hasPrefix("_") && !name.contains("="))
      || name.hasSuffix("._COPYING_")
  }

  static func partitionValue(_ name: String) -> PartitionValue? {
    guard let equals = name.firstIndex(of: "=") else { return nil }
    let text = PercentText.decoded(String(name[name.index(after: equals)...]))
    return PartitionValue(
      name: PercentText.decoded(String(name[..<equals])),
      text: text == PartitionValue.nullText ? nil : text)
  }
}

/// Names of directories with what could hurt written as `%XX`.
enum PercentText {
  /// The letters that Spark writes so: what file systems or their tools give a meaning.
  private static let special = Set("\"#%'*/:=?\\{[]^".utf8)

  static func encoded(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      if byte >= 0x20, byte != 0x7F, !special.contains(byte) {
        out.append(byte)
        continue
      }
      out.append(0x25)
      out += (byte < 16 ? "0" : "").utf8
      out += String(byte, radix: 16, uppercase: true).utf8
    }
    return String(decoding: out, as: UTF8.self)
  }

  static func decoded(_ text: String) -> String {
    guard text.contains("%") else { return text }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == 37, at + 2 < bytes.count,
        let byte = UInt8(String(decoding: bytes[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
      {
        out.append(byte)
        at += 3
      } else {
        out.append(bytes[at])
        at += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

extension InputFile {
  init(path: String, _ info: stat) {
    let modified = Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000
    self.init(path: path, size: Int64(info.st_size), modifiedUs: modified)
  }
}

/// What directories held when they were last looked at. A directory whose modification time is the
/// same, and was not fresh then, has the same entries: names come and go only with it.
final class DirectoryMemory {
  enum Entry {
    case file(InputFile)
    case directory(String, PartitionValue?)
  }

  private struct Seen {
    var stamp: Stamp
    var isSettled: Bool
    var entries: [Entry] = []
    var files: [InputFile] = []
  }

  private struct Stamp: Equatable {
    let seconds: Int
    let nanoseconds: Int
    let size: Int

    init(_ info: stat) {
      seconds = info.st_mtim.tv_sec
      nanoseconds = info.st_mtim.tv_nsec
      size = Int(info.st_size)
    }

    /// Old enough that a change from now on gets another time, on any file system's clock.
    var isSettled: Bool { time(nil) - seconds > 2 }
  }

  private var directories: [String: Seen] = [:]
  /// Whether anything was read anew since this was last set to false.
  var hasChanged = true

  func entries(_ path: String, _ info: stat, _ read: () throws -> [Entry]) rethrows -> [Entry] {
    let stamp = Stamp(info)
    if let seen = directories[path], seen.isSettled, seen.stamp == stamp { return seen.entries }
    hasChanged = true
    let isSettled = stamp.isSettled
    let entries = try read()
    directories[path] = Seen(stamp: stamp, isSettled: isSettled, entries: entries)
    return entries
  }

  /// The files that a sink's log names.
  func logged(_ root: String, _ log: SinkLogReader) throws -> [InputFile] {
    var info = stat()
    let isThere = stat(log.watchedPath, &info) == 0
    let stamp = Stamp(info)
    if isThere, let seen = directories[log.watchedPath], seen.isSettled, seen.stamp == stamp {
      return seen.files
    }
    hasChanged = true
    let isSettled = stamp.isSettled
    let (files, isWhole) = try log.files()
    directories[log.watchedPath] = Seen(
      stamp: stamp, isSettled: isSettled && isWhole, files: files)
    return files
  }

  /// Everything is to be looked at anew.
  func forget() {
    directories = [:]
    hasChanged = true
  }
}
