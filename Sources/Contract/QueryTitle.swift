/// What messages call a query: by its name, or by its id.
public enum QueryTitle {
  public static func text(name: String?, id: String) -> String {
    "query " + (name.map { "`\($0)`" } ?? id)
  }
}
