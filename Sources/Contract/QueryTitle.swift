/// What messages call a query: by its name, or by its id.
public enum QueryTitle {
  /// One over data that ends.
  public static let batch = "batch query"

  public static func text(name: String?, id: String) -> String {
    "query " + (name.map { "`\($0)`" } ?? id)
  }
}
