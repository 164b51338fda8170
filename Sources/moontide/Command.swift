import Contract
import Glibc
import Script

/// One command: its name, its help, and what it does.
struct Command: Sendable {
  let name: String
  let usage: String
  let summary: String
  /// The body of `moontide help NAME`.
  let text: String
  let run: @Sendable ([String]) -> Int32

  static let all = [runScript, check, repl, checkpoint]
  /// For the project's own use.
  static let hidden = [reference]

  private static let runScript = Command(
    name: "run", usage: "run [--sealed] SCRIPT [ARGUMENT…]", summary: "run a script",
    text: """
      Runs a Lua script. Its arguments are in `arg`, as Lua's own interpreter sets it.
      At the script's end, waits until every query it started has ended.

        --sealed    writers and own sources too run without io, os and C modules

      Exit status: 0; 1 when the script or a query failed; 130 or 143 after SIGINT or SIGTERM,
      which let every query finish its current batch. A second signal ends the process at once:
      always safe.
      """,
    run: { script($0, mode: .run, command: "run") })

  private static let check = Command(
    name: "check", usage: "check SCRIPT [ARGUMENT…]",
    summary: "analyse a script's queries, run nothing",
    text: """
      Runs the script, but every query is only built and analysed when it would start: names, types,
      options and streaming rules are checked, nothing is read or written.
      """,
    run: { script($0, mode: .check, command: "check") })

  private static let repl = Command(
    name: "repl", usage: "repl [--sealed]", summary: "run what you type, line by line",
    text: """
      Reads Lua from the terminal (or a pipe), runs it and prints what it gives. A DataFrame is
      shown as its schema. `moontide` and `F` (moontide.functions) are at hand. Running queries go
      on and call the script while it waits for you. Ctrl-C leaves the line or ends what runs;
      Ctrl-D leaves.
      """,
    run: { arguments in
      var options = ScriptHost.Options()
      for argument in arguments {
        guard argument == "--sealed" else {
          return CommandLineTool.refuse(
            "`repl` has no argument `\(argument)`. See `moontide help repl`.")
        }
        options.isSealed = true
      }
      return guarded { try ScriptHost(options).interact() }
    })

  private static let reference = Command(
    name: "reference", usage: "reference --write DIRECTORY",
    summary: "write docs/reference and stdlib/meta",
    text: "Writes the reference and the editor annotations of everything in this binary.",
    run: { arguments in
      guard arguments.count == 2, arguments[0] == "--write" else {
        return CommandLineTool.refuse("usage: moontide reference --write DIRECTORY")
      }
      return guarded {
        try Reference.standard().write(to: arguments[1])
        return 0
      }
    })

  static func guarded(_ body: () throws -> Int32) -> Int32 {
    do { return try body() } catch {
      Output.standardError("moontide: \(error)\n")
      return 1
    }
  }

  private static func script(_ arguments: [String], mode: ScriptHost.Mode, command: String) -> Int32
  {
    var options = ScriptHost.Options()
    options.mode = mode
    var rest = arguments[...]
    while let flag = rest.first, flag.hasPrefix("-"), flag != "-" {
      guard flag == "--sealed", mode == .run else {
        return CommandLineTool.refuse(
          "`\(command)` has no option `\(flag)`. See `moontide help \(command)`.")
      }
      options.isSealed = true
      rest.removeFirst()
    }
    guard let path = rest.popFirst() else {
      return CommandLineTool.refuse("`\(command)` needs a script. See `moontide help \(command)`.")
    }
    return guarded {
      let host = try ScriptHost(options)
      Signals.forward(to: host)
      return Signals.status(of: host.run(path, arguments: Array(rest)))
    }
  }
}

/// The texts of `moontide help`.
enum Help {
  static var overview: String {
    let own = [("version", "print the version"), ("help", "show this, or help on a command")]
    let rows = Command.all.map { ($0.name, $0.summary) } + own
    let width = rows.map(\.0.count).max() ?? 0
    return """
      Moontide: Structured Streaming without the cluster.
      usage: moontide COMMAND [ARGUMENT…]

      \(rows.map { row($0.0, $0.1, width) }.joined(separator: "\n"))

      """
  }

  private static func row(_ name: String, _ summary: String, _ width: Int) -> String {
    "  " + name + String(repeating: " ", count: width - name.count + 2) + summary
  }
}
