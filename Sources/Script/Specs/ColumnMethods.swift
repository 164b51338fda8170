import Contract

extension MethodCatalog {
  static let columnMethods = comparisons + parts + orders + conditionals

  private static let other = Parameter("other", .value, "a value or a Column")

  private static func comparison(_ name: String, _ summary: String) -> Spec {
    column(name, "comparisons", [other], summary)
  }

  private static let comparisons: [Spec] = [
    comparison("eq", "Equal; NULL where either is NULL."),
    comparison("neq", "Not equal."),
    comparison("lt", "Less."),
    comparison("leq", "Less or equal."),
    comparison("gt", "Greater."),
    comparison("geq", "Greater or equal."),
    comparison("eqNullSafe", "Equal, NULL being equal to NULL only; never NULL."),
    column(
      "between", "comparisons",
      [Parameter("lowerBound", .value, "least"), Parameter("upperBound", .value, "greatest")],
      "Between two values, both included."),
    column(
      "isin", "comparisons", [Parameter("values", .value, "values, or one list of them")],
      variadic: true, "Among some values."),
    column(
      "like", "comparisons", [Parameter("pattern", .value, "`%` any text, `_` any character")],
      "Text like a pattern."),
    column(
      "ilike", "comparisons", [Parameter("pattern", .value, "as for `like`")],
      "Text like a pattern, without regard to case."),
    column(
      "rlike", "comparisons", [Parameter("pattern", .value, "a regular expression")],
      "Text in which a regular expression is found."),
    comparison("startswith", "Text that starts with another."),
    comparison("endswith", "Text that ends with another."),
    comparison("contains", "Text in which another is found."),
    column("isNull", "comparisons", [], "Is NULL."),
    column("isNotNull", "comparisons", [], "Is not NULL."),
    column("isNaN", "comparisons", [], "Is NaN."),
    comparison("bitwiseAND", "The bits that both have."),
    comparison("bitwiseOR", "The bits that either has."),
    comparison("bitwiseXOR", "The bits that one of both has."),
  ]

  private static let parts: [Spec] = [
    column(
      "alias", aliases: ["as", "name"], "names and types",
      [Parameter("names", .text, "several where a function makes several columns")],
      variadic: true, "Names the column."),
    column(
      "cast", aliases: ["astype"], "names and types",
      [Parameter("type", .type, "`\"INT\"`, `T.int`")],
      "Makes another type of it; raises where a value does not fit."),
    column(
      "tryCast", "names and types", [Parameter("type", .type, "`\"INT\"`, `T.int`")],
      "Makes another type of it; NULL where a value does not fit."),
    column(
      "getField", "names and types", [Parameter("name", .text, "the field's name")],
      "A struct's field: `c:getField \"city\"` is `c.city`."),
    column(
      "getItem", "names and types",
      [Parameter("key", .value, "a position from 0, or a map's key")],
      "An array's element or a map's value: `c:getItem(0)` is `c[0]`."),
    column(
      "withField", "names and types",
      [
        Parameter("fieldName", .text, "the field's name, or the path to it: `\"address.city\"`"),
        Parameter("col", .column, "a Column"),
      ], "A struct with a field put in or replaced."),
    column(
      "dropFields", "names and types", [Parameter("fieldNames", .text, "names, or paths")],
      variadic: true, "A struct without some fields; a name that is not there is no error."),
    column(
      "substr", "names and types",
      [
        Parameter("startPos", .integer, "from 1; negative: from the end"),
        Parameter("length", .integer, "characters"),
      ], "A part of a text."),
  ]

  private static func order(_ name: String, _ summary: String) -> Spec {
    column(name, "order", [], summary)
  }

  private static let orders: [Spec] = [
    order("asc", "Ascending, NULLs first."),
    order("ascNullsFirst", "Ascending, NULLs first."),
    order("ascNullsLast", "Ascending, NULLs last."),
    order("desc", "Descending, NULLs last."),
    order("descNullsFirst", "Descending, NULLs first."),
    order("descNullsLast", "Descending, NULLs last."),
    column(
      "over", "order", [Parameter("window", .any, "of `moontide.window`")],
      "Computes the function over the rows around each row. Batch only."),
  ]

  private static let conditionals: [Spec] = [
    column(
      "when", "conditionals",
      [
        Parameter("condition", .any, "a boolean Column"),
        Parameter("value", .value, "the result where it is true"),
      ], "A further case, after `F.when(…)`."),
    column(
      "otherwise", "conditionals",
      [Parameter("value", .value, "the result where no case was true")],
      "What is left; without it NULL."),
  ]
}
