/// Limits that hold everywhere, each by its name. Limits that a user may move are settings.
public enum Limits {
  /// The longest record of a text file: a line, or a whole file that is one document. Bytes.
  public static let recordBytes = 64 << 20
}
