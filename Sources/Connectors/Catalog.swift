import Contract

/// What connectors need of the world, besides what a request says.
public struct ConnectorEnvironment: Sendable {
  /// Of checkpoints.
  public var storage: any Storage = PosixStorage()
  /// Of what sinks write for others to read.
  public var outputStorage: any Storage = PosixStorage(isPrivate: false)
  /// Where the console sink prints.
  public var print: @Sendable (String) -> Void
  /// Level (`warn`) and text.
  public var log: @Sendable (_ level: String, _ text: String) -> Void = { _, _ in }

  public init(print: @escaping @Sendable (String) -> Void) { self.print = print }
}

extension ConnectorCatalog {
  /// Every source and sink that needs nothing of the script; `formats` are the file formats. The
  /// session adds its own: memory, functions, what the script declares.
  public static func builtIn(
    formats: [any FileFormat], _ environment: ConnectorEnvironment
  ) -> ConnectorCatalog {
    let files = formats.map { format in
      FileConnectors(
        format: format, storage: environment.storage, outputStorage: environment.outputStorage)
    }
    return ConnectorCatalog(
      sources: files.map(\.source) + [
        RateSource.spec(environment.storage), RateMicroBatchSource.spec,
        SocketSource.spec(environment.log),
      ],
      sinks: files.map(\.sink) + [
        ConsoleSink.spec(environment.print), NoopSink.spec,
      ])
  }
}
