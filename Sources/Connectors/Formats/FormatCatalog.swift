import Contract

/// The formats of files, by name.
public struct FormatCatalog: Sendable {
  public let formats: [any FileFormat]

  public init(_ formats: [any FileFormat]) { self.formats = formats }

  /// The formats that need nothing but this binary.
  public static let builtIn = FormatCatalog([JSONFormat(), CSVFormat(), TextFormat()])

  /// nil where no format has that name; letters are compared without regard to case.
  public func format(named name: String) -> (any FileFormat)? {
    formats.first { $0.spec.name == name.lowercased() }
  }
}
