import Connectors
import Contract
import Expressions

extension Session {
  /// A session with everything that the binary is built with.
  public static func standard() -> Session {
    Session(
      settings: Settings(Setting.all), functions: .builtIn,
      connectors: ConnectorCatalog(sources: [], sinks: []))
  }
}

extension Reference {
  /// Of everything that the binary is built with.
  public static func standard() -> Reference {
    let session = Session.standard()
    return Reference(
      session.functions.functions.map(\.spec) + MethodCatalog.all
        + session.connectors.sources.map(\.spec) + session.connectors.sinks.map(\.spec)
        + Setting.all.map(\.spec))
  }
}
