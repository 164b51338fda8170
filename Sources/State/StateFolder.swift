import Contract

/// Where a committed version ends: in which file, after how many bytes.
struct StateMark: Hashable, Sendable {
  let file: String
  let byteCount: Int
  /// The last version that changed anything.
  let version: Int64

  init(file: String, byteCount: Int, version: Int64) {
    self.file = file
    self.byteCount = byteCount
    self.version = version
  }

  init(_ text: String) throws {
    let words = text.split(separator: ":")
    guard words.count == 3, let byteCount = Int(words[1]), let version = Int64(words[2]) else {
      throw StateFolder.damage("the batch log has no mark of the state but `\(text)`")
    }
    self.init(file: String(words[0]), byteCount: byteCount, version: version)
  }

  var text: String { "\(file):\(byteCount):\(version)" }
}

/// The files of a state folder that make up one version.
struct StateFolder {
  /// The newest sound one that is not newer than the version.
  let snapshot: StateFile?
  /// Of all sound snapshots, oldest first.
  let snapshotVersions: [Int64]
  /// Change files up to the version, oldest first.
  let changes: [StateFile]
  /// Damaged snapshots, which an older one stands in for.
  let damaged: [Failure]
  /// What belongs to no committed batch.
  let behind: [String]

  static func damage(_ message: String) -> Failure {
    Failure(
      "STREAMING_STATE_CORRUPT", message,
      hint: "Restore the checkpoint from a copy, or start with a new one")
  }

  static func snapshotName(_ version: Int64) -> String { "snapshot-\(padded(version)).bin" }
  static func changesName(_ version: Int64) -> String { "changes-\(padded(version)).log" }

  private static func padded(_ version: Int64) -> String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
  }

  /// The version in a file's name.
  static func version(of name: String) -> Int64? {
    for (start, end) in [("snapshot-", ".bin"), ("changes-", ".log")]
    where name.hasPrefix(start) && name.hasSuffix(end) {
      return Int64(name.dropFirst(start.count).dropLast(end.count))
    }
    return nil
  }

  /// Looks at the folder and checks that nothing is missing up to `end`; nil: nothing is committed.
  /// `from`: the version of the only snapshot that may be chosen, where one is asked for.
  init(
    directory: String, owner: String, end: StateMark?, from snapshotVersion: Int64? = nil,
    storage: any Storage
  ) throws {
    var behind: [String] = []
    var snapshots: [(Int64, String)] = []
    var changeNames: [String] = []
    for name in try storage.list(directory) {
      guard let version = Self.version(of: name) else {
        if name.hasSuffix(".tmp") { behind.append(name) }
        continue
      }
      guard let end, version <= end.version else {
        behind.append(name)
        continue
      }
      if name.hasPrefix("snapshot-") {
        if snapshotVersion ?? version == version { snapshots.append((version, name)) }
      } else {
        changeNames.append(name)
      }
    }
    var damaged: [Failure] = []
    var chosen: StateFile?
    for (_, name) in snapshots.reversed() {
      do {
        let file = try StateFile(directory + "/" + name, owner: owner, storage: storage)
        guard file.restByteCount == 0, file.lastVersion >= 0 else {
          throw Self.damage("`\(file.path)` is cut short or damaged")
        }
        try file.verify(storage)
        chosen = file
        break
      } catch let failure as Failure where failure.condition == "STREAMING_STATE_CORRUPT" {
        damaged.append(failure)
        snapshots.removeLast()
      }
    }
    if let snapshotVersion, chosen == nil {
      throw damaged.first
        ?? Failure("STATE_SNAPSHOT_MISSING", "there is no snapshot of version \(snapshotVersion)")
    }
    snapshot = chosen
    snapshotVersions = snapshots.map(\.0)
    self.damaged = damaged
    self.behind = behind
    changes = try Self.changes(
      changeNames, from: chosen?.lastVersion ?? 0, to: end, directory, owner, storage)
  }

  /// The change files, in order, without a gap behind the snapshot.
  private static func changes(
    _ names: [String], from snapshotVersion: Int64, to end: StateMark?, _ directory: String,
    _ owner: String, _ storage: any Storage
  ) throws -> [StateFile] {
    guard let end else { return [] }
    var files: [StateFile] = []
    var reached = snapshotVersion
    for name in names {
      let isLast = name == end.file
      let file = try StateFile(
        directory + "/" + name, owner: owner, storage: storage,
        limit: isLast ? end.byteCount : .max)
      guard file.restByteCount == 0, !isLast || file.soundByteCount == end.byteCount else {
        throw damage("`\(file.path)` is damaged behind byte \(file.soundByteCount)")
      }
      guard file.versionBefore <= reached else {
        throw damage("a change file before `\(file.path)` is missing")
      }
      reached = max(reached, file.lastVersion)
      files.append(file)
    }
    guard reached >= end.version else {
      throw damage("`\(directory)/\(end.file)` is missing")
    }
    return files
  }
}
