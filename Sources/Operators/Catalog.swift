import Plan

extension OperatorCatalog {
  /// Every operation of `UnresolvedPlan`, but `table` and `sql`, which the session adds.
  public static func builtIn(_ read: ReadContext) -> OperatorCatalog {
    OperatorCatalog([
      // Leaves
      OperatorSpec("read") { try buildRead($0, read) },
      OperatorSpec("localRows", build: buildLocalRows),
      OperatorSpec("range", build: buildRange),
      OperatorSpec("inlineTable", build: buildInlineTable),
      // Columns
      OperatorSpec("select", build: buildSelect),
      OperatorSpec("withColumns", build: buildWithColumns),
      OperatorSpec("withColumnsRenamed", build: buildRename),
      OperatorSpec("toDF", build: buildToDF),
      OperatorSpec("drop", build: buildDrop),
      OperatorSpec("alias", build: buildAlias),
      // Rows
      OperatorSpec("filter", build: buildFilter),
      OperatorSpec("limit", build: buildLimit),
      OperatorSpec("offset", build: buildOffset),
      OperatorSpec("sortAll", build: buildSortAll),
      OperatorSpec("sortOrderable", build: buildSortOrderable),
      OperatorSpec("generate", build: buildGenerate),
      OperatorSpec("sort", build: buildSort),
      OperatorSpec("deduplicate") { try buildDeduplicate($0, isWithinWatermark: false) },
      OperatorSpec("deduplicateWithinWatermark") {
        try buildDeduplicate($0, isWithinWatermark: true)
      },
      OperatorSpec("sample", build: buildSample),
      OperatorSpec("repartition") {
        try buildRepartition(
          $0, partitions: Int(read.settings[integer: "moontide.shuffle.partitions"]))
      },
      OperatorSpec("coalesce", build: buildCoalesce),
      OperatorSpec("withWatermark", build: buildWithWatermark),
      OperatorSpec("observe", build: buildObserve),
      OperatorSpec("union", build: buildUnion),
      OperatorSpec("unionByName", build: buildUnionByName),
      OperatorSpec("join", build: buildJoin),
      // Queries that WITH names and nobody uses are looked at, so that their mistakes are found.
      OperatorSpec("withUnused") { $0.child },
      OperatorSpec("lateralJoin", build: buildLateralJoin),
      OperatorSpec("recursion", build: buildRecursion),
      OperatorSpec("recursionReference", build: buildRecursionReference),
      OperatorSpec("except") { try buildSetOperation($0, .except) },
      OperatorSpec("intersect") { try buildSetOperation($0, .intersect) },
      // The user's own functions
      OperatorSpec("filterRows", build: buildFilterRows),
      OperatorSpec("mapRows") { try buildRowFunction($0, .map) },
      OperatorSpec("flatMapRows") { try buildRowFunction($0, .flatMap) },
      OperatorSpec("mapPartitions") { try buildRowFunction($0, .mapPartitions) },
      OperatorSpec("applyInGroups", build: buildApplyInGroups),
      OperatorSpec("flatMapGroupsWithState", build: buildGroupState),
      OperatorSpec("transformWithState", build: buildTransformWithState),
      // Groups
      OperatorSpec("aggregate", build: buildAggregate),
      OperatorSpec("pivot", build: buildPivot),
      OperatorSpec("unpivot", build: buildUnpivot),
      OperatorSpec("uid", build: buildUid),
    ])
  }
}
