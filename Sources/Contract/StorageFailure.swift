import Glibc

extension Failure {
  /// What an errno means for a file, and what to do about it.
  public static func file(_ doing: String, _ path: String, errno code: CInt) -> Failure {
    let text = String(cString: strerror(code))
    let (condition, hint): (String, String?) =
      switch code {
      case ENOSPC: ("DISK_FULL", "Free some space; nothing that was committed is lost, start again")
      case EDQUOT: ("DISK_FULL", "The disk quota is used up; free some space and start again")
      case ENOENT: ("PATH_NOT_FOUND", nil)
      case EACCES, EPERM: ("PATH_NOT_PERMITTED", "Give this user the right to use the path")
      case EROFS: ("PATH_NOT_PERMITTED", "The file system is read-only")
      case EMFILE, ENFILE: ("TOO_MANY_OPEN_FILES", "Raise the limit (`ulimit -n`)")
      case EIO: ("DISK_ERROR", "The disk reports an error; look at the kernel's log")
      case EEXIST: ("PATH_ALREADY_EXISTS", nil)
      default: ("FILE_ERROR", nil)
      }
    return Failure(condition, "cannot \(doing) `\(path)`: \(text)", hint: hint)
  }
}
