import Glibc
import Synchronization

/// The one way to standard output for what queries and scripts print, so that a running query does
/// not write over the line that the user is typing.
public enum Terminal {
  /// Takes the prompt off the screen, or puts it back.
  public struct Prompt: Sendable {
    public let hide: @Sendable () -> Void
    public let show: @Sendable () -> Void

    public init(hide: @escaping @Sendable () -> Void, show: @escaping @Sendable () -> Void) {
      self.hide = hide
      self.show = show
    }
  }

  private static let prompt = Mutex<Prompt?>(nil)

  /// Says that a prompt is on the screen (or, with nil, that it is gone).
  public static func setPrompt(_ new: Prompt?) { prompt.withLock { $0 = new } }

  /// Draws the prompt anew, after a key.
  public static func redraw() { prompt.withLock { $0?.show() } }

  /// Writes a text. Where a prompt is on the screen, it moves below.
  public static func write(_ text: String) {
    var text = text
    prompt.withLock { prompt in
      prompt?.hide()
      text.withUTF8 { writeAll($0, to: STDOUT_FILENO) }
      if prompt != nil, text.utf8.last != UInt8(ascii: "\n") { Glibc.write(STDOUT_FILENO, "\n", 1) }
      prompt?.show()
    }
  }

  /// Writes bytes, however many calls it takes. A reader that went away is not waited for.
  public static func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
    var rest = UnsafeRawBufferPointer(bytes)
    while rest.count > 0 {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}
