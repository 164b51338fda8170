import Contract

/// Functions that only stand beside the keys of `rollup` and `cube`: the operators take them apart,
/// so that the catalog of functions does not have them.
enum GroupingFunctions {
  static let specs: [Spec] = [
    Spec(
      .function, "grouping", category: "grouping",
      summary: "1 where `rollup` or `cube` has left the key out, else 0.",
      parameters: [Parameter("col", .column, "a key")], returns: "TINYINT"),
    Spec(
      .function, "grouping_id", category: "grouping",
      summary: "The keys that `rollup` or `cube` has left out, as bits.",
      parameters: [Parameter("cols", .column, default: "all keys", "keys")], isVariadic: true,
      returns: "BIGINT"),
  ]
}
