import Contract

/// The methods of the objects that scripts hold, as the reference lists them. Their code is in
/// `stdlib/moontide`; a test holds the two to each other.
public enum MethodCatalog {
  public static let all = dataFrameMethods + groupMethods + columnMethods + sessionMethods

  static func dataFrame(
    _ name: String, aliases: [String] = [], _ category: String, _ parameters: [Parameter] = [],
    variadic: Bool = false, returns: String = "DataFrame", _ summary: String,
    notes: String = "", examples: [Example] = []
  ) -> Spec {
    Spec(
      .dataFrameMethod, name, aliases: aliases, category: category, summary: summary,
      parameters: parameters, isVariadic: variadic, returns: returns, examples: examples,
      notes: notes)
  }

  static func group(
    _ name: String, aliases: [String] = [], _ category: String, _ parameters: [Parameter] = [],
    variadic: Bool = false, returns: String = "DataFrame", _ summary: String, notes: String = ""
  ) -> Spec {
    Spec(
      .groupMethod, name, aliases: aliases, category: category, summary: summary,
      parameters: parameters, isVariadic: variadic, returns: returns, notes: notes)
  }

  static func column(
    _ name: String, aliases: [String] = [], _ category: String, _ parameters: [Parameter] = [],
    variadic: Bool = false, _ summary: String, notes: String = ""
  ) -> Spec {
    Spec(
      .columnMethod, name, aliases: aliases, category: category, summary: summary,
      parameters: parameters, isVariadic: variadic, returns: "Column", notes: notes)
  }

  static func method(
    of owner: String, _ name: String, _ parameters: [Parameter] = [], variadic: Bool = false,
    returns: String = "nothing", _ summary: String, notes: String = ""
  ) -> Spec {
    Spec(
      .sessionMethod, name, category: owner, summary: summary, parameters: parameters,
      isVariadic: variadic, returns: returns, notes: notes)
  }
}
