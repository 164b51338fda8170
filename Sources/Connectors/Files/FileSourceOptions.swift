import Columns
import Contract

/// The options of a reader of files, besides those of its format.
struct FileSourceOptions: Sendable {
  enum Cleaning: String { case off, archive, delete }

  let listing: FileListing
  let maxFiles: Int64?
  let maxBytes: Int64?
  let isLatestFirst: Bool
  /// Microseconds.
  let maxAgeUs: Int64
  let usesNameOnly: Bool
  let cleaning: Cleaning
  let archiveDirectory: String?
  let ignoresMissing: Bool
  /// What is left for the format.
  let format: Options

  static let parameters: [Parameter] = [
    Parameter("path", .text, "The directory, file or pattern to read; `load(path)` sets it."),
    Parameter(
      "pathGlobFilter", .text, default: "every name", "A pattern that names of files must match."),
    Parameter(
      "recursiveFileLookup", .boolean, default: "false",
      "Whether all directories below are read, without partition columns."),
    Parameter(
      "basePath", .text, default: "the path itself",
      "The directory below which `key=value` directories on the way to the path are columns."),
  ]

  /// Of batch readers: what a stream has taken does not depend on a moment.
  static let tableParameters: [Parameter] = [
    Parameter(
      "modifiedBefore", .text, default: "any time",
      "Only files changed before this time are read: `2024-01-31T12:00:00`, in the time zone of "
        + "the option `timeZone` or the session."),
    Parameter(
      "modifiedAfter", .text, default: "any time", "Only files changed after this time are read."),
  ]

  static let streamParameters: [Parameter] = [
    Parameter(
      "maxFilesPerTrigger", .integer, default: "no limit", "How many new files a batch takes."),
    Parameter(
      "maxBytesPerTrigger", .text, default: "no limit",
      "How many bytes of new files a batch takes, one file at least."),
    Parameter(
      "latestFirst", .boolean, default: "false", "Whether the newest files are read first."),
    Parameter(
      "maxFileAge", .duration, default: "7 days",
      "Files older than the newest by more than this are left out, after the first batch."),
    Parameter(
      "fileNameOnly", .boolean, default: "false",
      "Whether a file is known by its name alone, not by its path."),
    Parameter(
      "cleanSource", .word(["archive", "delete", "off"]), default: "off",
      "What becomes of files whose batch is done, once the next batch begins."),
    Parameter(
      "sourceArchiveDir", .text, default: "none", "Where `cleanSource = \"archive\"` moves files."),
  ]

  init(
    _ options: Options, isStreaming: Bool, timeZoneId: String, storage: any Storage
  ) throws {
    guard let path = options["path"], !path.isEmpty else {
      throw Failure("PATH_NOT_SPECIFIED", "no path is given", hint: "Call `:load(path)`")
    }
    // What no path can hold stands between several.
    let paths = try path.split(separator: "\0").map { try LocalPath.checked(String($0)) }
    listing = FileListing(
      paths: paths, isRecursive: try options.boolean("recursiveFileLookup") ?? false,
      namePatterns: try options["pathGlobFilter"].map { try GlobPattern.alternatives($0) } ?? [],
      storage: storage,
      basePath: try options["basePath"].map { try LocalPath.checked($0) },
      modifiedUs: try Self.modified(options, timeZoneId), mayComeLater: isStreaming)
    maxFiles = try options.integer("maxFilesPerTrigger", in: 1...Int64.max)
    maxBytes = try options["maxBytesPerTrigger"].map(Self.byteCount)
    if maxFiles != nil, maxBytes != nil {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the options `maxFilesPerTrigger` and `maxBytesPerTrigger` exclude each other")
    }
    isLatestFirst = try options.boolean("latestFirst") ?? false
    maxAgeUs = try options.durationUs("maxFileAge") ?? 7 * 86_400_000_000
    usesNameOnly = try options.boolean("fileNameOnly") ?? false
    let word = try options.word("cleanSource", of: ["archive", "delete", "off"])
    cleaning = word.flatMap { Cleaning(rawValue: $0) } ?? .off
    archiveDirectory = options["sourceArchiveDir"].map(LocalPath.absolute)
    if cleaning == .archive {
      try Self.check(archive: archiveDirectory, paths)
    }
    ignoresMissing = try options.boolean("ignoreMissingFiles") ?? false
    let own = (Self.parameters + Self.tableParameters + Self.streamParameters).map {
      $0.name.lowercased()
    }
    var rest = Options()
    for name in options.names where !own.contains(name.lowercased()) { rest[name] = options[name] }
    format = rest
  }

  /// The times between which files must have changed.
  private static func modified(_ options: Options, _ timeZoneId: String) throws -> Range<Int64> {
    func time(_ name: String) throws -> Int64? {
      guard var text = options[name] else { return nil }
      let id = options["timeZone"] ?? timeZoneId
      guard let zone = TimeZone.find(id) else {
        throw Failure("INVALID_TIMEZONE", "there is no time zone `\(id)`")
      }
      var reader = TimestampReader(zone: zone, nowUs: 0)
      if let us = text.withUTF8({ reader.read($0) }) { return us }
      throw Failure(
        "INVALID_OPTION_VALUE", "the option `\(name)` wants a time, not `\(text)`",
        hint: "Write it as `2024-01-31T12:00:00`")
    }
    let after = try time("modifiedAfter").map { $0 + 1 } ?? Int64.min
    return after..<max(try time("modifiedBefore") ?? Int64.max, after)
  }

  private static func check(archive: String?, _ paths: [String]) throws {
    guard let archive else {
      throw Failure(
        "INVALID_OPTION_VALUE", "`cleanSource = \"archive\"` needs the option `sourceArchiveDir`")
    }
    for path in paths where archive == path || (archive + "/").hasPrefix(path + "/") {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "the archive `\(archive)` lies in the source `\(path)`: its files would be read again",
        hint: "Give `sourceArchiveDir` another place")
    }
  }

  /// Spark's sizes: a number with `b`, `k`, `m`, `g` or `t`, each of 1024.
  private static func byteCount(_ text: String) throws -> Int64 {
    let units: [(String, Int64)] = [
      ("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("tb", 1 << 40), ("k", 1 << 10),
      ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40), ("b", 1), ("", 1),
    ]
    let lower = text.lowercased()
    for (unit, factor) in units where lower.hasSuffix(unit) {
      guard let count = Int64(lower.dropLast(unit.count)), count > 0 else { break }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
      if !overflow { return bytes }
    }
    throw Failure(
      "INVALID_OPTION_VALUE",
      "the option `maxBytesPerTrigger` wants a size such as `10m`, not `\(text)`")
  }
}
