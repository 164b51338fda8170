import CLua
import Connectors
import Contract
import Expressions
import Glibc
import Operators
import Streaming

extension Session {
  /// A session with everything that the binary is built with.
  public static func standard() -> Session {
    _ = watchesLua
    var environment = ConnectorEnvironment(print: printed)
    environment.log = { ScriptLog.write($0, $1) }
    return Session(
      settings: Settings(StreamingSettings.all + Setting.ofScripts), functions: .builtIn,
      connectors: .builtIn(formats: FormatCatalog.builtIn.formats, environment))
  }
}

/// Tells the watch of the memory what Lua holds; once in a process.
private let watchesLua: Void = MemoryWatch.shared.add {
  var count = 0
  let bytes = moontide_memory_used(&count)
  return MemoryWatch.Holder("\(count) Lua states", bytes: bytes)
}

extension Session {
  /// Every function that scripts call by name.
  var functionSpecs: [Spec] {
    functions.functions.map(\.spec) + GroupingFunctions.specs
  }
}

/// Writes to the standard output, behind what the script has printed so far.
private func printed(_ text: String) {
  fflush(nil)
  Terminal.write(text)
}

extension Reference {
  /// Of everything that the binary is built with.
  public static func standard() -> Reference {
    let session = Session.standard()
    return Reference(
      session.functionSpecs + MethodCatalog.all
        + session.connectors.sources.map(\.spec) + session.connectors.sinks.map(\.spec)
        + (StreamingSettings.all + Setting.ofScripts).map(\.spec))
  }
}

extension Setting {
  /// The settings that scripts and their end read.
  static let ofScripts: [Setting] = [
    Setting(
      "moontide.ansi.enabled", .text("true"),
      "Overflow, division by zero and casts that fail raise; there is no other way.",
      words: ["true"]),
    Setting(
      "moontide.udf.timeout", .duration(30_000_000),
      "How long a user function may compute for one column batch before the query fails; 0: as "
        + "long as it likes."),
    Setting(
      "moontide.udf.memoryLimit", .size(.bytes(256 << 20)),
      "How much memory the Lua state of one worker may use; 0: as much as there is."),
    Setting(
      "moontide.log.level", .text("info"),
      "The least of what `moontide.log` writes, and `print` in a worker.", words: ScriptLog.levels),
    Setting(
      "moontide.onFailure", .text("stop"),
      "At the script's end: whether the queries stop when one fails, or continue.",
      words: ["stop", "continue"]),
  ]
}
