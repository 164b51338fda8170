import Contract
import Glibc

/// Paths as scripts write them, made absolute.
public enum LocalPath {
  /// Without `file:`, from the root, without a slash at the end.
  public static func absolute(_ text: String) -> String {
    var path = text
    for scheme in ["file://", "file:"] where path.hasPrefix(scheme) {
      path = String(path.dropFirst(scheme.count))
      break
    }
    if !path.hasPrefix("/"), let directory = getcwd(nil, 0) {
      path = String(cString: directory) + "/" + path
      free(directory)
    }
    while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") { path.removeLast() }
    return path
  }

  /// The same, of this machine; others are refused.
  public static func checked(_ text: String) throws -> String {
    if let range = text.firstRange(of: "://"), !text.hasPrefix("file://") {
      throw Failure(
        "UNSUPPORTED_PATH",
        "`\(text)` is not on a local file system but on `\(text[..<range.lowerBound])`",
        hint: "Give a path of this machine")
    }
    return absolute(text)
  }
}
