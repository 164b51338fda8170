/// Limits that hold everywhere, each by its name. Limits that a user may move are settings.
public enum Limits {
  /// The longest record of a text file: a line, or a whole file that is one document. Bytes.
  /// An eighth of the memory there is, from 64 MiB to 512 MiB: a file without the line ends that
  /// are looked for must be told from a long record before it takes all of it.
  public static let recordBytes = Int(
    min(max(MachineMemory.bytes / 8, Int64(64 << 20)), Int64(512 << 20)))
}
