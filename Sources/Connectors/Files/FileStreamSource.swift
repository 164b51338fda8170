import Columns
import Contract
import Glibc

/// New files of some directories. Its log in the checkpoint says which files came with which
/// offset, so that an offset always means the same files.
final class FileStreamSource: StreamSource {
  let schema: Schema
  private let options: FileSourceOptions
  private let reader: any FormatReader
  private let partitions: PartitionColumns
  private let log: RecordLog
  private let storage: any Storage
  /// Files by offset, as far back as a batch may ask.
  private var entries: [Int64: [ListedFile]] = [:]
  private var current: Int64 = -1
  private var seen: SeenFiles
  private var frozen: [ListedFile]?
  private let memory = DirectoryMemory()
  /// New files in the order in which they are taken, of directories that have not changed since.
  private var waiting: [ListedFile] = []
  private var cleanedThrough: Int64?

  /// Offsets whose files the rewritten log keeps.
  private let retained: Int64
  /// Offsets between two rewritings at least.
  private let compactInterval: Int
  private var recordsSinceRewrite = 0
  private var sizeAfterRewrite = 0

  private static let kind = "source files"

  init(
    _ options: FileSourceOptions, schema: Schema, reader: any FormatReader,
    partitions: PartitionColumns, directory: String, storage: any Storage, settings: Settings
  ) throws {
    self.options = options
    self.schema = schema
    self.reader = reader
    self.partitions = partitions
    self.storage = storage
    retained = settings[integer: FileSettings.retained]
    compactInterval = Int(settings[integer: FileSettings.sourceInterval])
    let ignoresAge = options.isLatestFirst && (options.maxFiles != nil || options.maxBytes != nil)
    seen = SeenFiles(
      maxAgeUs: ignoresAge ? nil : options.maxAgeUs, usesNameOnly: options.usesNameOnly)
    let records: [JSON]
    (log, records) = try RecordLog.open(
      directory + "/files.log", kind: Self.kind, owner: "source", storage: storage)
    for record in records { try take(record) }
    recordsSinceRewrite = records.count
    try forgetOldOffsets()
    if options.cleaning != .off, try options.listing.hasSinkLog() {
      throw Failure(
        "INVALID_OPTION_VALUE",
        "`cleanSource` cannot be used on a directory that a file sink writes",
        hint: "The sink's log would name files that are gone")
    }
  }

  var description: String {
    "FileStreamSource[" + options.listing.paths.map { "file:" + $0 }.joined(separator: ",") + "]"
  }

  // MARK: The log

  private func take(_ record: JSON) throws {
    guard let offset = record["logOffset"]?.integer, let files = record["files"]?.array else {
      throw Failure("STREAMING_LOG_CORRUPT", "`\(log.path)` holds a record without files")
    }
    var listed: [ListedFile] = []
    for file in files {
      guard let path = file["path"]?.text, let size = file["size"]?.integer,
        let modified = file["modifiedUs"]?.integer
      else { throw Failure("STREAMING_LOG_CORRUPT", "`\(log.path)` names a file without a size") }
      let partition = (file["partition"]?.members ?? []).map {
        PartitionValue(name: $0.name, text: $0.value.text)
      }
      let one = ListedFile(
        file: InputFile(path: path, size: size, modifiedUs: modified), partition: partition)
      seen.add(one.file)
      listed.append(one)
    }
    current = max(current, offset)
    // Files of old offsets are only remembered as seen.
    if record["isOld"] == nil { entries[offset] = listed }
  }

  private static func record(_ offset: Int64, _ files: [ListedFile], isOld: Bool = false) -> JSON {
    let list = files.map { file in
      JSON.of([
        "path": .text(file.file.path), "size": .integer(file.file.size),
        "modifiedUs": .integer(file.file.modifiedUs),
        "partition": .object(
          file.partition.map { JSONMember($0.name, $0.text.map { .text($0) } ?? .null) }),
      ])
    }
    var members = [JSONMember("logOffset", .integer(offset)), JSONMember("files", .array(list))]
    if isOld { members.append(JSONMember("isOld", .boolean(true))) }
    return .object(members)
  }

  /// Forgets what no batch can ask for, and writes the log anew once it has doubled: without the
  /// files that the age limit leaves out anyway, and of old offsets only what was seen.
  private func forgetOldOffsets() throws {
    let oldest = current - retained
    entries = entries.filter { $0.key > oldest }
    guard oldest >= 0, recordsSinceRewrite >= compactInterval, log.size > 2 * sizeAfterRewrite
    else { return }
    let kept = Set(entries.values.joined().map(\.file.path))
    let old = seen.remembered.filter { !kept.contains($0.path) }
    try log.rewrite(
      [Self.record(oldest, old.map { ListedFile(file: $0, partition: []) }, isOld: true)]
        + entries.sorted { $0.key < $1.key }.map { Self.record($0.key, $0.value) })
    recordsSinceRewrite = 0
    sizeAfterRewrite = log.size
  }

  // MARK: Offsets

  private func offset(_ number: Int64) -> SourceOffset? {
    number < 0 ? nil : SourceOffset("{\"logOffset\":\(number)}")
  }

  private func number(_ offset: SourceOffset?) throws -> Int64 {
    guard let offset else { return -1 }
    guard let json = JSON.parse(offset.json), let number = json["logOffset"]?.integer else {
      throw Failure("STREAMING_LOG_CORRUPT", "`\(offset.json)` is no offset of a file source")
    }
    return number
  }

  func initialOffset() -> SourceOffset? { nil }

  var takesEverything: Bool { options.maxFiles == nil && options.maxBytes == nil }

  func freezeForAvailableNow() throws { frozen = try options.listing.files() }

  func latestOffset(from start: SourceOffset?, limit: ReadLimit) throws -> SourceOffset? {
    // Files that were found for a batch which did not come to its record, or for one that a rewound
    // query does again: they are that batch, and no others with them, or its size would depend on
    // where a process ended.
    let found = try number(start) + 1
    if limit == .asConfigured, found <= current {
      return offset(entries[found] == nil ? current : found)
    }
    try findNew()
    let taken = limit == .everything ? waiting : limited(waiting)
    waiting.removeFirst(taken.count)
    let files = taken.compactMap(Self.asItIsNow)
    // What is not there may come back: nothing was taken of it.
    if files.count < taken.count { memory.forget() }
    guard !files.isEmpty else { return offset(current) }
    try log.append([Self.record(current + 1, files)])
    recordsSinceRewrite += 1
    current += 1
    entries[current] = files
    for file in files { seen.add(file.file) }
    return offset(current)
  }

  /// Brings `waiting` up to date.
  private func findNew() throws {
    let all: [ListedFile]
    if let frozen {
      if !memory.hasChanged { return }
      all = frozen
    } else {
      all = try options.listing.files(memory)
      // Files of one path each are looked at every time; so are patterns.
      let isWatched = options.listing.paths.allSatisfy { !FileListing.isPattern($0) }
      if isWatched && !memory.hasChanged { return }
    }
    memory.hasChanged = false
    // Oldest first; files of one moment in the order in which they were listed.
    waiting = all.filter { seen.isNew($0.file) }.enumerated().sorted { a, b in
      let (x, y) = (a.element.file.modifiedUs / 1000, b.element.file.modifiedUs / 1000)
      if x != y { return options.isLatestFirst ? x > y : x < y }
      return options.isLatestFirst ? a.offset > b.offset : a.offset < b.offset
    }.map(\.element)
  }

  /// A file may have grown since its directory was listed, or be gone.
  private static func asItIsNow(_ file: ListedFile) -> ListedFile? {
    var info = stat()
    guard stat(file.file.path, &info) == 0 else { return nil }
    return ListedFile(file: InputFile(path: file.file.path, info), partition: file.partition)
  }

  private func limited(_ files: [ListedFile]) -> [ListedFile] {
    if let maxFiles = options.maxFiles { return Array(files.prefix(Int(clamping: maxFiles))) }
    guard let maxBytes = options.maxBytes else { return files }
    var sum: Int64 = 0
    var count = 0
    for file in files {
      sum += file.file.size
      if count > 0 && sum > maxBytes { break }
      count += 1
    }
    return Array(files.prefix(count))
  }

  // MARK: Rows

  func read(from start: SourceOffset?, to end: SourceOffset) throws -> [any InputSplit] {
    let (first, last) = (try number(start) + 1, try number(end))
    guard first <= last else { return [] }
    return try (first...last).flatMap { number -> [any InputSplit] in
      guard let files = entries[number] else {
        throw Failure(
          "STREAMING_LOG_CORRUPT", "`\(log.path)` has no files for the offset \(number)",
          hint: "Restore the checkpoint from a copy, or start with a new one")
      }
      return try files.flatMap { file -> [any InputSplit] in
        do { try Self.check(file.file) } catch let failure as Failure {
          if failure.condition == FileBytes.missing, options.ignoresMissing { return [] }
          throw failure
        }
        return try FileSplits.of(file, reader, partitions)
      }
    }
  }

  /// Refuses a file that is not the one that was listed: its rows would differ from attempt to
  /// attempt.
  private static func check(_ file: InputFile) throws {
    var info = stat()
    guard stat(file.path, &info) == 0 else { throw FileBytes.failure(file.path, errno) }
    guard Int64(info.st_size) == file.size else {
      throw Failure(
        "FILE_CHANGED",
        "`\(file.path)` has \(info.st_size) bytes; it had \(file.size) when it was found",
        hint: "Write files elsewhere and move them into the directory when they are whole")
    }
  }

  // MARK: Cleaning

  func commit(_ end: SourceOffset) throws {
    let last = try number(end)
    let first = cleanedThrough.map { $0 + 1 } ?? last
    cleanedThrough = last
    if options.cleaning != .off && first <= last {
      for number in first...last { for file in entries[number] ?? [] { clean(file.file.path) } }
    }
    try forgetOldOffsets()
  }

  /// Best effort, as in Spark: a file that cannot be moved stays where it is and is not read again.
  private func clean(_ path: String) {
    guard options.cleaning == .archive, let archive = options.archiveDirectory else {
      unlink(path)
      return
    }
    let target = archive + path
    guard let slash = target.lastIndex(of: "/") else { return }
    do { try storage.createDirectory(String(target[..<slash])) } catch { return }
    rename(path, target)
  }

  func stop() { log.close() }
}

/// The files that a source has taken, as far as it must remember them.
struct SeenFiles {
  /// nil: all are remembered.
  let maxAgeUs: Int64?
  let usesNameOnly: Bool
  private var files: [String: InputFile] = [:]
  private var newestUs: Int64 = 0
  private var purgeUs: Int64 = 0

  init(maxAgeUs: Int64?, usesNameOnly: Bool) {
    self.maxAgeUs = maxAgeUs
    self.usesNameOnly = usesNameOnly
  }

  private func key(_ file: InputFile) -> String {
    usesNameOnly ? FileListing.name(file.path) : file.path
  }

  /// All that would be taken for new otherwise.
  var remembered: [InputFile] {
    files.values.filter { $0.modifiedUs >= purgeUs }.sorted {
      ($0.modifiedUs, $0.path) < ($1.modifiedUs, $1.path)
    }
  }

  func isRemembered(_ file: InputFile) -> Bool { file.modifiedUs >= purgeUs }

  func isNew(_ file: InputFile) -> Bool { isRemembered(file) && files[key(file)] == nil }

  mutating func add(_ file: InputFile) {
    files[key(file)] = file
    newestUs = max(newestUs, file.modifiedUs)
    guard let maxAgeUs else { return }
    let limit = newestUs - maxAgeUs
    // Not with every file: each round looks at all that is remembered.
    guard limit > purgeUs, limit - purgeUs > maxAgeUs / 64 || files.count < 64 else { return }
    purgeUs = limit
    files = files.filter { $0.value.modifiedUs >= limit }
  }
}

/// How a listed file becomes splits.
enum FileSplits {
  static func of(
    _ listed: ListedFile, _ reader: any FormatReader, _ partitions: PartitionColumns
  ) throws -> [any InputSplit] {
    let splits = try reader.splits(of: listed.file)
    guard !partitions.fields.isEmpty else { return splits }
    let values = try partitions.scalars(listed.partition, path: listed.file.path)
    return splits.map { split in
      PartitionedSplit(
        split: split, places: partitions.places(reader.schema),
        values: zip(partitions.fields.map(\.type), values).map { (type: $0, value: $1) },
        fileHasColumns: !reader.schema.fields.isEmpty)
    }
  }
}

/// Files that are there now: the batch reader, and the static side of a join, whose list of files
/// is made once.
struct FileTable: StaticSource {
  let schema: Schema
  let description: String
  private let files: [ListedFile]
  private let reader: any FormatReader
  private let partitions: PartitionColumns

  init(
    _ files: [ListedFile], schema: Schema, reader: any FormatReader, partitions: PartitionColumns,
    description: String
  ) {
    self.files = files
    self.schema = schema
    self.reader = reader
    self.partitions = partitions
    self.description = description
  }

  func splits() throws -> [any InputSplit] {
    try files.flatMap { try FileSplits.of($0, reader, partitions) }
  }
}
