import Contract
import Glibc
import Operators
import Synchronization

/// The interactive script: reads a chunk, runs it in the script's state, prints what it gives.
public final class Repl {
  private let state: LuaState
  private let callbacks: CallbackQueue
  private let write: (String) -> Void
  private var hasFailed = false
  private let evaluations = Evaluations()

  /// Counts the chunks that run, so that a second Ctrl-C during one is known.
  private final class Evaluations: Sendable {
    /// Odd while one runs.
    private let count = Atomic(0)
    private let interrupted = Atomic(0)

    func step() { count.add(1, ordering: .relaxed) }

    /// Whether what runs has been interrupted before.
    func isSecondInterrupt() -> Bool {
      let now = count.load(ordering: .relaxed)
      return interrupted.exchange(now, ordering: .relaxed) == now && now % 2 == 1
    }
  }

  /// `write` takes what is printed.
  init(
    _ state: LuaState, callbacks: CallbackQueue, write: @escaping (String) -> Void = Repl.print
  ) throws {
    self.state = state
    self.callbacks = callbacks
    self.write = write
    try state.register(
      "moontide.native",
      [
        "write": { call in
          write(try call.string(1))
          return 0
        }
      ])
    try state.run(Self.opening, name: "=moontide.repl")
  }

  /// Behind what the script has written through `io`.
  private static func print(_ text: String) {
    fflush(nil)
    Terminal.write(text)
  }

  /// `print` goes where queries print; the usual modules are at hand.
  private static let opening = """
    local native = require "moontide.native"
    function print(...)
      local texts = table.pack(...)
      for i = 1, texts.n do texts[i] = tostring(texts[i]) end
      native.write(table.concat(texts, "\\t") .. "\\n")
    end
    for name, module in pairs { moontide = "moontide", F = "moontide.functions" } do
      local found, value = pcall(require, module)
      if found then _G[name] = value end
    end
    """

  /// Runs a chunk. A DataFrame that it gives is shown as its schema, anything else as `print` does.
  private static let runAndShow = """
    local chunk = ...
    local function show(...)
      if select("#", ...) == 0 then return end
      local first = getmetatable((...))
      if select("#", ...) == 1 and type(first) == "table"
        and rawget(first, "__name") == "DataFrame" then (...):printSchema()
      else print(...) end
    end
    show(chunk())
    """

  // MARK: Chunks

  /// What became of some lines of input.
  enum Result: Equatable {
    /// They begin a chunk that goes on.
    case incomplete
    case done
    case failed
  }

  /// Runs a chunk. What it is an expression of, or returns, is printed.
  func evaluate(_ text: String) -> Result {
    evaluations.step()
    defer { evaluations.step() }
    do {
      guard let chunk = try load(text) else { return .incomplete }
      try state.run(Self.runAndShow, name: "=moontide.repl", [.function(chunk)])
      return .done
    } catch let failure as Failure { report(failure) } catch {
      report(Failure("INTERNAL_ERROR", "\(error)"))
    }
    hasFailed = true
    return .failed
  }

  /// An expression, or statements; nil where the chunk goes on.
  private func load(_ text: String) throws -> LuaReference? {
    if let expression = try? state.load("return " + text, name: "=stdin") { return expression }
    do { return try state.load(text, name: "=stdin") } catch let failure as Failure {
      if failure.message.hasSuffix("<eof>") { return nil }
      throw failure
    }
  }

  private func report(_ failure: Failure) {
    var shown = failure
    // The frames below the chunk are the prompt's own.
    shown.traceback = nil
    write("\(shown)\n")
  }

  // MARK: The loop

  /// Reads until the end of input; gives the exit status.
  public func run() -> Int32 {
    guard isatty(STDIN_FILENO) != 0 else { return runOnPipe() }
    catchInterrupts()
    return runOnTerminal()
  }

  /// Ctrl-C ends what runs, and leaves the prompt alone; where that takes too long, a second one
  /// ends the process: always safe.
  private func catchInterrupts() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    // Blocked here, and so in the threads that are started from now on.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let (interrupt, callbacks, evaluations) = (state.interrupt, callbacks, evaluations)
    WorkerPool.startThread {
      var waited = sigset_t()
      sigemptyset(&waited)
      sigaddset(&waited, SIGINT)
      while true {
        var number: Int32 = 0
        guard sigwait(&waited, &number) == 0 else { continue }
        if evaluations.isSecondInterrupt() { _exit(130) }
        interrupt()
        callbacks.interrupt()
      }
    }
  }

  private func runOnTerminal() -> Int32 {
    write("Moontide \(Version.text), Lua 5.4. Ctrl-D leaves.\n")
    let history = getenv("HOME").map { String(cString: $0) + "/.moontide_history" }
    let editor = LineEditor(historyPath: history) { [callbacks, state] in
      callbacks.serveWaiting(state)
    }
    var chunk = ""
    while true {
      switch editor.read(chunk.isEmpty ? "> " : ">> ") {
      case .end: return 0
      case .interrupted: chunk = ""
      case .line(let line):
        chunk += chunk.isEmpty ? line : "\n" + line
        if chunk.allSatisfy(\.isWhitespace) || evaluate(chunk) != .incomplete { chunk = "" }
      }
    }
  }

  private func runOnPipe() -> Int32 {
    var chunk = ""
    while let line = readLine() {
      chunk += chunk.isEmpty ? line : "\n" + line
      if chunk.allSatisfy(\.isWhitespace) || evaluate(chunk) != .incomplete { chunk = "" }
      callbacks.serveWaiting(state)
    }
    if !chunk.isEmpty {
      write("The input ends within a chunk:\n\(chunk)\n")
      hasFailed = true
    }
    return hasFailed ? 1 : 0
  }
}
