import Connectors
import Contract
import Expressions
import Streaming

extension Session {
  /// A session with everything that the binary is built with.
  public static func standard() -> Session {
    let session = Session(
      settings: Settings(StreamingSettings.all + Setting.ofScripts), functions: .builtIn,
      connectors: ConnectorCatalog(sources: [], sinks: []))
    session.connectors = ConnectorCatalog(
      sources: [MemoryStream.source], sinks: [session.tables.sink, ForeachBatchSink.spec])
    return session
  }
}

extension Reference {
  /// Of everything that the binary is built with.
  public static func standard() -> Reference {
    let session = Session.standard()
    return Reference(
      session.functions.functions.map(\.spec) + MethodCatalog.all
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
      "moontide.onFailure", .text("stop"),
      "At the script's end: whether the queries stop when one fails, or continue.",
      words: ["stop", "continue"]),
  ]
}
