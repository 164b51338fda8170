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
/// data; directories below a path are looked into when they are called `key=value`, or all of them
/// with `recursiveFileLookup`; a directory that a file sink wrote is read through the sink's log.
struct FileListing: Sendable {
  let paths: [String]
  let isRecursive: Bool
  /// A shell pattern for file names.
  let nameFilter: String?
  let storage: any Storage

  /// Directories below a path that are followed at most.
  static let depthLimit = 64

  /// The files, path by path, each directory's in order of name. Throws where a path that is no
  /// pattern does not exist. `memory` spares what has not changed since it was looked at.
  func files(_ memory: DirectoryMemory = DirectoryMemory()) throws -> [ListedFile] {
    var found: [ListedFile] = []
    for path in paths {
      for root in try Self.expand(path) {
        if let log = try SinkLogReader(root, storage) {
          found += try memory.logged(root, log).filter { accepts(Self.name($0.path)) }.map { file in
            ListedFile(file: file, partition: Self.partition(of: file.path, below: root))
          }
          continue
        }
        try walk(root, partition: [], depth: 0, isRoot: true, memory, into: &found)
      }
    }
    return found
  }

  /// Whether some path is read through a sink's log.
  func hasSinkLog() throws -> Bool {
    try paths.contains { try !Self.isPattern($0) && SinkLogReader($0, storage) != nil }
  }

  static func isPattern(_ path: String) -> Bool { path.contains { "*?[{".contains($0) } }

  static func name(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  private static func expand(_ path: String) throws -> [String] {
    guard isPattern(path) else { return [path] }
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(path, GLOB_BRACE, nil, &result) == 0, let names = result.gl_pathv else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { names[$0].map { String(cString: $0) } }
  }

  private func walk(
    _ path: String, partition: [PartitionValue], depth: Int, isRoot: Bool,
    _ memory: DirectoryMemory, into found: inout [ListedFile]
  ) throws {
    var info = stat()
    guard stat(path, &info) == 0 else {
      let code = errno
      // What vanishes between the listing and here is not there.
      if !isRoot && code == ENOENT { return }
      guard code == ENOENT else { throw Failure.file("read", path, errno: code) }
      throw Failure("PATH_NOT_FOUND", "the path `\(path)` does not exist")
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG:
      found.append(ListedFile(file: InputFile(path: path, info), partition: partition))
    case S_IFDIR:
      guard depth < Self.depthLimit else {
        throw Failure("PATH_TOO_DEEP", "`\(path)` lies deeper than \(Self.depthLimit) directories")
      }
      let entries = try memory.entries(path, info) { try self.entries(path) }
      for entry in entries {
        switch entry {
        case .file(let file): found.append(ListedFile(file: file, partition: partition))
        case .directory(let child, let value):
          if isRecursive {
            try walk(
              child, partition: [], depth: depth + 1, isRoot: false, memory, into: &found)
          } else if let value {
            try walk(
              child, partition: partition + [value], depth: depth + 1, isRoot: false, memory,
              into: &found)
          }
        }
      }
    default: return
    }
  }

  /// The files and directories of a directory that may matter.
  private func entries(_ directory: String) throws -> [DirectoryMemory.Entry] {
    try storage.list(directory).compactMap { name in
      if Self.isHidden(name) { return nil }
      let child = directory == "/" ? "/" + name : directory + "/" + name
      var info = stat()
      guard stat(child, &info) == 0 else { return nil }
      switch info.st_mode & S_IFMT {
      case S_IFREG: return accepts(name) ? .file(InputFile(path: child, info)) : nil
      case S_IFDIR: return .directory(child, Self.partitionValue(name))
      default: return nil
      }
    }
  }

  private func accepts(_ name: String) -> Bool {
    guard !Self.isHidden(name) else { return false }
    guard let nameFilter else { return true }
    return fnmatch(nameFilter, name, 0) == 0
  }

  static func isHidden(_ name: String) -> Bool {
    name.hasPrefix(".") || (name.hasPrefix("_") && !name.contains("="))
      || name.hasSuffix("._COPYING_")
  }

  /// The `key=value` directories between a root and a file.
  static func partition(of path: String, below root: String) -> [PartitionValue] {
    guard path.hasPrefix(root) else { return [] }
    return path.dropFirst(root.count).split(separator: "/").dropLast().compactMap {
      partitionValue(String($0))
    }
  }

  static func partitionValue(_ name: String) -> PartitionValue? {
    guard let equals = name.firstIndex(of: "="), equals > name.startIndex else { return nil }
    let text = PercentText.decoded(String(name[name.index(after: equals)...]))
    return PartitionValue(
      name: PercentText.decoded(String(name[..<equals])),
      text: text == PartitionValue.nullText ? nil : text)
  }
}

/// Names of directories with every byte that could hurt written as `%XX`.
enum PercentText {
  /// Only letters, digits, `_`, `.` and `-` stay; `.` and `..` are written wholly in codes.
  static func encoded(_ text: String) -> String {
    let isDots = text == "." || text == ".."
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, 95, 45: out.unicodeScalars.append(Unicode.Scalar(byte))
      case 46 where !isDots: out += "."
      default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return out
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
