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
  /// pattern does not exist.
  func files() throws -> [ListedFile] {
    var found: [ListedFile] = []
    for path in paths {
      for root in try Self.expand(path) {
        if let logged = try SinkLogReader(root, storage)?.files() {
          found += logged.filter { accepts(Self.name($0.path)) }.map { file in
            ListedFile(file: file, partition: Self.partition(of: file.path, below: root))
          }
          continue
        }
        try walk(root, partition: [], depth: 0, isRoot: true, into: &found)
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
    into found: inout [ListedFile]
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
      guard isRoot || accepts(Self.name(path)) else { return }
      let modified = Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000
      found.append(
        ListedFile(
          file: InputFile(path: path, size: Int64(info.st_size), modifiedUs: modified),
          partition: partition))
    case S_IFDIR:
      guard depth < Self.depthLimit else {
        throw Failure("PATH_TOO_DEEP", "`\(path)` lies deeper than \(Self.depthLimit) directories")
      }
      for name in try storage.list(path) where !Self.isHidden(name) {
        try enter(path, name, partition, depth, into: &found)
      }
    default: return
    }
  }

  private func enter(
    _ path: String, _ name: String, _ partition: [PartitionValue], _ depth: Int,
    into found: inout [ListedFile]
  ) throws {
    let child = path == "/" ? "/" + name : path + "/" + name
    var info = stat()
    let isDirectory = stat(child, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    guard isDirectory else {
      try walk(child, partition: partition, depth: depth + 1, isRoot: false, into: &found)
      return
    }
    if isRecursive {
      try walk(child, partition: [], depth: depth + 1, isRoot: false, into: &found)
    } else if let value = Self.partitionValue(name) {
      try walk(
        child, partition: partition + [value], depth: depth + 1, isRoot: false, into: &found)
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
