import Columns
import Contract
import Glibc
import Synchronization

/// `df.write` into a directory: the files are written under hidden names and renamed into view when
/// all are whole. With `overwrite` what was there goes only then.
final class FileTableWriter: SinkBatch {
  private let plan: PartitionedWriter.Plan
  private let replaces: Bool
  /// Only what lies in the directories that are written is replaced.
  private let isDynamic: Bool
  private let attempt = PartitionedWriter.attempt()
  private let written = Mutex<[Int: [PartitionedWriter.Written]]>([:])

  static let parameters: [Parameter] = [
    Parameter(
      "partitionOverwriteMode", .word(["static", "dynamic"]), default: "static",
      "What `overwrite` replaces of a table with partition columns: all of it, or the directories "
        + "that get rows.")
  ]

  /// nil: there is something, and it is to stay.
  static func begin(
    _ request: SinkRequest, mode: SaveMode, format: any FileFormat, storage: any Storage
  ) throws -> FileTableWriter? {
    try request.options.check(
      against: FileConnectors.knownWriteParameters(format, isStreaming: false), of: request.format)
    guard let path = request.options["path"], !path.isEmpty else {
      throw Failure("PATH_NOT_SPECIFIED", "no path is given", hint: "Call `:save(path)`")
    }
    let root = try LocalPath.checked(path)
    let plan = try FileSink.plan(request, format, root, storage)
    if try storage.exists(root) {
      switch mode {
      case .ignore: return nil
      case .error:
        throw Failure(
          "PATH_ALREADY_EXISTS", "`\(root)` exists already",
          hint: "Say what is to become of it: `:mode(\"append\")` or `:mode(\"overwrite\")`")
      case .append, .overwrite:
        if try SinkLogReader(root, storage) != nil {
          throw Failure(
            "SINK_BELONGS_TO_ANOTHER_QUERY",
            "`\(root)` is written by a streaming query, whose log names its files",
            hint: "Write to another directory")
        }
      }
    }
    try storage.createDirectory(root)
    let isDynamic =
      try request.options.word("partitionOverwriteMode", of: ["static", "dynamic"])
      == "dynamic"
    return FileTableWriter(
      plan, replaces: mode == .overwrite,
      isDynamic: isDynamic && !plan.partitionColumns.isEmpty)
  }

  private init(_ plan: PartitionedWriter.Plan, replaces: Bool, isDynamic: Bool) {
    self.plan = plan
    self.replaces = replaces
    self.isDynamic = isDynamic
  }

  private var hiddenPrefix: String { ".moontide-\(attempt)-" }

  func writer(partition: Int) -> any BatchWriter {
    let name = PartitionedWriter.fileName(partition, attempt, plan)
    let writer = PartitionedWriter(plan, fileName: name, hiddenName: hiddenPrefix + name)
    return PartitionFiles(writer) { [self] files in written.withLock { $0[partition] = files } }
  }

  func commit() throws {
    let files = written.withLock({ $0 }).sorted(by: { $0.key < $1.key }).flatMap(\.value)
    if replaces {
      let directories = Set(
        files.map { $0.path.split(separator: "/").dropLast().joined(separator: "/") })
      if isDynamic {
        for directory in directories { try removeOld(plan.root + "/" + directory) }
      } else {
        try removeOld(plan.root)
      }
    }
    for file in files {
      try plan.storage.move(
        plan.root + "/" + file.hiddenPath, to: plan.root + "/" + file.path)
    }
    try plan.storage.replace(plan.root + "/_SUCCESS", [])
  }

  /// Removes everything but what this attempt wrote.
  private func removeOld(_ directory: String) throws {
    for name in try plan.storage.list(directory) where !name.hasPrefix(hiddenPrefix) {
      let path = directory + "/" + name
      var info = stat()
      if lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR {
        try removeOld(path)
        // What holds new files stays.
        if try plan.storage.list(path).isEmpty { try plan.storage.removeDirectory(path) }
      } else {
        try plan.storage.remove(path)
      }
    }
  }

  func abort(_ failure: Failure) {
    for file in written.withLock({ $0 }).values.joined() {
      unlink(plan.root + "/" + file.hiddenPath)
    }
  }
}
