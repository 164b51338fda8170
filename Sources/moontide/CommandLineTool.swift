import Contract
import Glibc
import Script

/// `moontide COMMAND …`: finds the command and checks its arguments.
enum CommandLineTool {
  /// Exit status of a wrong use of the command line.
  static let wrongUse: Int32 = 2

  /// Runs a command and gives the exit status.
  static func run(_ arguments: [String]) -> Int32 {
    guard let name = arguments.first else {
      Output.standardError(Help.overview)
      return wrongUse
    }
    let rest = Array(arguments.dropFirst())
    switch name {
    case "help", "--help", "-h": return help(rest)
    case "version", "--version": return version(rest)
    default: break
    }
    guard let command = (Command.all + Command.hidden).first(where: { $0.name == name }) else {
      let hint =
        Suggestion.sentence(for: name, among: Command.all.map(\.name)) ?? "See `moontide help`."
      return refuse("there is no command `\(name)`. \(hint)")
    }
    if let missing = missingProcessorFeature() {
      return refuse("this binary needs a processor with \(missing)")
    }
    if FaultPlan.isMisspelt { return refuse("`\(FaultPlan.variable)` is no plan of faults") }
    if rest.first == "--help" || rest.first == "-h" { return help([name]) }
    return command.run(rest)
  }

  /// Says what is wrong with the command line.
  static func refuse(_ text: String) -> Int32 {
    Output.standardError("moontide: \(text)\n")
    return wrongUse
  }

  private static func help(_ arguments: [String]) -> Int32 {
    guard let name = arguments.first else {
      Output.standardOutput(Help.overview)
      return 0
    }
    guard let command = Command.all.first(where: { $0.name == name }) else {
      let hint = Suggestion.sentence(for: name, among: Command.all.map(\.name))
      return refuse("there is no command `\(name)`\(hint.map { ". " + $0 } ?? "")")
    }
    Output.standardOutput("usage: moontide \(command.usage)\n\n\(command.text)\n")
    return 0
  }

  private static func version(_ arguments: [String]) -> Int32 {
    if !arguments.isEmpty { return refuse("`version` takes no arguments") }
    Output.standardOutput("moontide \(Version.text)\n")
    return 0
  }
}

/// Whole texts to the process's own streams.
enum Output {
  static func standardOutput(_ text: String) { write(text, to: STDOUT_FILENO) }
  static func standardError(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let written = Glibc.write(descriptor, base, rest.count)
        if written < 0, errno == EINTR { continue }
        if written <= 0 { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }
}
