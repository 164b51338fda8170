import Contract
import Glibc
import Synchronization

/// Reads lines from a terminal: editing, history, one row on the screen whatever its length.
final class LineEditor {
  enum Outcome: Equatable {
    case line(String)
    /// Ctrl-C: the line is left.
    case interrupted
    /// Ctrl-D on an empty line, or the terminal is gone.
    case end
  }

  /// What the prompt's row shows.
  fileprivate struct Shown: Sendable {
    var prompt = ""
    var text: [Character] = []
    var cursor = 0
  }

  private let shown = Row()
  private var history: [String]
  private let historyPath: String?
  /// Called while nothing is typed, many times a second.
  private let idle: () -> Void
  private var pending: [UInt8] = []

  private static let historyLimit = 1000
  private static let idleMs: Int32 = 50

  init(historyPath: String?, idle: @escaping () -> Void = {}) {
    self.historyPath = historyPath
    self.idle = idle
    history = historyPath.flatMap(Self.readHistory) ?? []
  }

  // MARK: Reading

  /// Shows the prompt and reads one line.
  func read(_ prompt: String) -> Outcome {
    guard let restore = enterRawMode() else { return .end }
    shown.withLock { $0 = Shown(prompt: prompt) }
    Terminal.setPrompt(.init(hide: { Self.put("\r\u{1B}[K") }, show: { [shown] in shown.draw() }))
    Terminal.redraw()
    defer {
      Terminal.setPrompt(nil)
      Self.put("\r\n")
      restore()
    }
    var place = history.count
    var draft: [Character] = []
    while let key = nextKey() {
      switch key {
      case .enter:
        replace(shown.withLock { $0.text })
        Terminal.redraw()
        let text = String(shown.withLock { $0.text })
        remember(text)
        return .line(text)
      case .interrupt: return .interrupted
      case .endOfInput where shown.withLock({ $0.text.isEmpty }): return .end
      case .up where place > 0:
        if place == history.count { draft = shown.withLock { $0.text } }
        place -= 1
        replace(Array(history[place]))
      case .down where place < history.count:
        place += 1
        replace(place == history.count ? draft : Array(history[place]))
      default: shown.withLock { edit(key, &$0) }
      }
      // Of a pasted text, the end is drawn.
      if pending.isEmpty { Terminal.redraw() }
    }
    return .end
  }

  private func replace(_ text: [Character]) {
    shown.withLock {
      $0.text = text
      $0.cursor = text.count
    }
  }

  private func edit(_ key: Key, _ line: inout Shown) {
    switch key {
    case .character(let character):
      line.text.insert(character, at: line.cursor)
      line.cursor += 1
    case .left: line.cursor = max(line.cursor - 1, 0)
    case .right: line.cursor = min(line.cursor + 1, line.text.count)
    case .home: line.cursor = 0
    case .last: line.cursor = line.text.count
    case .backspace where line.cursor > 0:
      line.cursor -= 1
      line.text.remove(at: line.cursor)
    case .delete where line.cursor < line.text.count,
      .endOfInput where line.cursor < line.text.count:
      line.text.remove(at: line.cursor)
    case .cutToEnd: line.text.removeSubrange(line.cursor...)
    case .cutToStart:
      line.text.removeSubrange(..<line.cursor)
      line.cursor = 0
    case .cutWord:
      var start = line.cursor
      while start > 0, line.text[start - 1] == " " { start -= 1 }
      while start > 0, line.text[start - 1] != " " { start -= 1 }
      line.text.removeSubrange(start..<line.cursor)
      line.cursor = start
    case .clearScreen: Self.put("\u{1B}[H\u{1B}[2J")
    default: break
    }
  }

  // MARK: Keys

  private enum Key {
    case character(Character)
    case enter, interrupt, endOfInput, up, down, left, right, home, last, backspace, delete
    case cutToEnd, cutToStart, cutWord, clearScreen, other
  }

  /// The next key, or nil when the terminal is gone. Meanwhile `idle` is called.
  private func nextKey() -> Key? {
    guard let first = nextByte() else { return nil }
    switch first {
    case 0x0A, 0x0D: return .enter
    case 0x01: return .home
    case 0x03: return .interrupt
    case 0x04: return .endOfInput
    case 0x05: return .last
    case 0x02: return .left
    case 0x06: return .right
    case 0x08, 0x7F: return .backspace
    case 0x0B: return .cutToEnd
    case 0x0C: return .clearScreen
    case 0x0E: return .down
    case 0x10: return .up
    case 0x15: return .cutToStart
    case 0x17: return .cutWord
    case 0x09: return .character(" ")
    case 0x1B: return escapeSequence()
    case ..<0x20: return .other
    default: return character(first)
    }
  }

  private func escapeSequence() -> Key? {
    guard let second = nextByte(), second == 0x5B || second == 0x4F else { return .other }
    var digits = ""
    while let byte = nextByte() {
      switch byte {
      case 0x30...0x39, 0x3B: digits.append(Character(Unicode.Scalar(byte)))
      case 0x41: return .up
      case 0x42: return .down
      case 0x43: return .right
      case 0x44: return .left
      case 0x46: return .last
      case 0x48: return .home
      case 0x7E:
        switch digits {
        case "1", "7": return .home
        case "3": return .delete
        case "4", "8": return .last
        default: return .other
        }
      default: return .other
      }
    }
    return nil
  }

  private func character(_ first: UInt8) -> Key? {
    let count = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var bytes = [first]
    while bytes.count < count, let next = nextByte() { bytes.append(next) }
    return String(decoding: bytes, as: UTF8.self).first.map { .character($0) }
  }

  private func nextByte() -> UInt8? {
    if !pending.isEmpty { return pending.removeFirst() }
    while true {
      var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, Self.idleMs)
      if ready == 0 {
        idle()
        continue
      }
      if ready < 0, errno == EINTR { continue }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      pending = Array(bytes[..<count])
      return pending.removeFirst()
    }
  }

  // MARK: The screen

  /// Keys arrive one by one, unechoed, Ctrl-C among them. Returns what undoes it.
  private func enterRawMode() -> (() -> Void)? {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    return {
      var saved = before
      tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
    }
  }

  fileprivate static func put(_ text: String) {
    var text = text
    text.withUTF8 { Terminal.writeAll($0, to: STDOUT_FILENO) }
  }

  // MARK: History

  private func remember(_ line: String) {
    guard !line.allSatisfy(\.isWhitespace), line != history.last else { return }
    history.append(line)
    if history.count > Self.historyLimit { history.removeFirst() }
    guard let historyPath else { return }
    let file = open(historyPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    // A history that cannot be kept is no reason to stop.
    guard file >= 0 else { return }
    var text = line + "\n"
    text.withUTF8 { Terminal.writeAll($0, to: file) }
    close(file)
  }

  private static func readHistory(_ path: String) -> [String]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var lines: [String] = []
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    while getline(&buffer, &capacity, file) > 0, let buffer {
      lines.append(String(String(cString: buffer).prefix { $0 != "\n" }))
    }
    free(buffer)
    return lines.suffix(historyLimit)
  }
}

/// The prompt's row, which threads that print draw too (see `Terminal`).
private final class Row: Sendable {
  private let shown = Mutex(LineEditor.Shown())

  func withLock<T>(_ body: (inout sending LineEditor.Shown) -> sending T) -> T {
    shown.withLock(body)
  }

  func draw() {
    let (line, width) = (shown.withLock { $0 }, Self.width)
    // Of a long line, the part around the cursor.
    let room = max(width - line.prompt.count - 1, 8)
    let start = max(0, line.cursor - room)
    let visible = String(line.text[start..<min(line.text.count, start + room)])
    let column = line.prompt.count + line.cursor - start
    LineEditor.put(
      "\r\u{1B}[K" + line.prompt + visible + "\r" + (column > 0 ? "\u{1B}[\(column)C" : ""))
  }

  private static var width: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
      ? Int(size.ws_col) : 80
  }
}
