import Columns
import Contract
import Expressions
import Operators
import Plan
import Testing

@Suite struct BatchQueryTests {
  private func sales() throws -> UnresolvedPlan {
    try .table(
      "g STRING, n INT",
      [
        [text("a"), int(1)], [text("b"), int(5)], [text("a"), int(3)], [text("c"), .null],
        [text("b"), int(-2)], [.null, int(7)], [.null, int(1)],
      ], batches: 3)
  }

  private func sorted(_ rows: [[Scalar]]) -> [String] { rows.map { "\($0)" }.sorted() }

  @Test func selectWhereAndNames() throws {
    let plan = try sales().filter("n > 0").select("g", "n + 1 AS m", "n")
    #expect(
      try Query().rows(plan) == [
        [text("a"), int(2), int(1)], [text("b"), int(6), int(5)], [text("a"), int(4), int(3)],
        [.null, int(8), int(7)], [.null, int(2), int(1)],
      ])
  }

  @Test(arguments: [1, 2], [1, 8192])
  func groupByCounts(_ workers: Int, _ batchRows: Int) throws {
    let query = Query(workers: workers, batchRows: batchRows)
    let plan = try sales().aggregate(["g"], ["count(1) AS count", "sum(n) AS s", "first(n) AS f"])
    #expect(
      sorted(try query.rows(plan))
        == sorted([
          [text("a"), int(2), int(4), int(1)], [text("b"), int(2), int(3), int(5)],
          [text("c"), int(1), .null, .null], [.null, int(2), int(8), int(7)],
        ]))
  }

  @Test func aggregatesOfNothing() throws {
    let none = try UnresolvedPlan.table("n INT", [])
    #expect(try Query().rows(none.aggregate([], ["count(1)", "sum(n)"])) == [[int(0), .null]])
    #expect(try Query().rows(none.aggregate(["n"], ["count(1)"])) == [])
    #expect(try Query().rows(none.select("count(*) AS n", "max(n) + 1")) == [[int(0), .null]])
  }

  @Test func expressionsOverAggregatesAndKeys() throws {
    let plan = try sales().filter("g IS NOT NULL AND n IS NOT NULL").aggregate(
      ["upper(g) AS k"],
      ["sum(n) * 2 + count(1) AS x", "avg(n)", "max(n) FILTER (WHERE n < 4) AS y"])
    #expect(
      sorted(try Query().rows(plan))
        == sorted([
          [text("A"), int(10), .double(2), int(3)], [text("B"), int(8), .double(1.5), int(-2)],
        ]))
  }

  @Test func distinctAggregates() throws {
    let plan = try sales().aggregate(
      [], ["count(DISTINCT n) AS d", "sum(DISTINCT n) AS s", "count(n)"])
    #expect(try Query().rows(plan) == [[int(5), int(14), int(6)]])
  }

  @Test func rollupAndCube() throws {
    let table = try UnresolvedPlan.table(
      "a STRING, b INT, n INT",
      [[text("x"), int(1), int(10)], [text("x"), int(2), int(20)], [text("y"), int(1), int(30)]])
    let rollup = try table.aggregate(
      ["a", "b"], ["sum(n) AS s", "grouping_id() AS gid", "grouping(b) AS gb"], grouping: "rollup")
    #expect(
      sorted(try Query().rows(rollup))
        == sorted([
          [text("x"), int(1), int(10), int(0), int(0)],
          [text("x"), int(2), int(20), int(0), int(0)],
          [text("y"), int(1), int(30), int(0), int(0)],
          [text("x"), .null, int(30), int(1), int(1)],
          [text("y"), .null, int(30), int(1), int(1)], [.null, .null, int(60), int(3), int(1)],
        ]))
    let cube = try table.aggregate(["a", "b"], ["sum(n) AS s"], grouping: "cube")
    #expect(try Query().rows(cube).count == 8)
  }

  @Test func sortsAndLimits() throws {
    let up = try sales().sort(("n", .ascending))
    #expect(
      try Query().rows(up).map { $0[1] } == [
        .null, int(-2), int(1), int(1), int(3), int(5), int(7),
      ])
    #expect(try Query().rows(up).map { $0[0] }[2...3] == [text("a"), .null])
    let down = try sales().sort(("n", .descending), ("g", .ascending)).limit(3)
    #expect(
      try Query().rows(down) == [[.null, int(7)], [text("b"), int(5)], [text("a"), int(3)]])
    #expect("\(PlanTree.text(try Query.plan(down)))".contains("TopRows"))
    let hidden = try sales().select("g").sort(("n", .descending)).limit(1)
    #expect(try Query().rows(hidden) == [[.null]])
    let byAggregate = try sales().aggregate(["g"], ["count(1) AS c"]).sort(("sum(n)", .descending))
      .limit(1)
    #expect(try Query().rows(byAggregate) == [[.null, int(2)]])
  }

  @Test func deduplicates() throws {
    let twice = try sales().then("union", with: try sales())
    #expect(try Query().rows(twice.deduplicate()).count == 7)
    let first = try sales().deduplicate(["g"])
    #expect(
      sorted(try Query().rows(first))
        == sorted([
          [text("a"), int(1)], [text("b"), int(5)], [text("c"), .null], [.null, int(7)],
        ]))
  }

  @Test func unionCastsToCommonTypes() throws {
    let a = try UnresolvedPlan.table("x INT", [[int(1)]])
    let b = try UnresolvedPlan.table("y DOUBLE", [[.double(2.5)]])
    let plan = a.then("union", with: b)
    #expect(try Query().rows(plan) == [[.double(1)], [.double(2.5)]])
    let named = try a.select("x", "1 AS z").then(
      "unionByName", ["allowMissingColumns": .boolean(true)], with: try a.select("x", "2 AS w"))
    #expect(try Query().rows(named) == [[int(1), int(1), .null], [int(1), .null, int(2)]])
  }

  @Test func windowsOverRows() throws {
    let plan = try sales().filter("g IS NOT NULL").select(
      "g", "n", "row_number() OVER (PARTITION BY g ORDER BY n) AS r",
      "sum(n) OVER (PARTITION BY g ORDER BY n) AS s", "lag(n) OVER (PARTITION BY g ORDER BY n) AS p"
    )
    #expect(
      sorted(try Query().rows(plan))
        == sorted([
          [text("a"), int(1), int(1), int(1), .null], [text("a"), int(3), int(2), int(4), int(1)],
          [text("b"), int(-2), int(1), int(-2), .null],
          [text("b"), int(5), int(2), int(3), int(-2)],
          [text("c"), .null, int(1), .null, .null],
        ]))
  }

  private func failure(_ plan: UnresolvedPlan) -> String? {
    do {
      _ = try Query().rows(plan)
      return nil
    } catch let failure as Failure {
      return failure.condition
    } catch {
      return "\(error)"
    }
  }

  @Test func refusals() throws {
    #expect(failure(try sales().select("nope")) == "UNRESOLVED_COLUMN.WITH_SUGGESTION")
    #expect(failure(try sales().aggregate(["g"], ["n"])) == "MISSING_AGGREGATION")
    #expect(failure(try sales().select("n", "count(1)")) == "MISSING_GROUP_BY")
    #expect(failure(try sales().filter("sum(n) > 1")) == "INVALID_WHERE_CONDITION")
    #expect(failure(try sales().filter("n + 1")) == "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN")
    #expect(
      failure(try sales().then("union", with: try sales().select("n"))) == "NUM_COLUMNS_MISMATCH")
    #expect(failure(sales_deduplicated()) == "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES")
  }

  private func sales_deduplicated() -> UnresolvedPlan {
    (try? sales().deduplicate(["zzz"])) ?? UnresolvedPlan(id: 0, name: "none")
  }

  @Test func aFailedRowIsShown() throws {
    let plan = try sales().select("10 / (n - 5) AS q")
    do {
      _ = try Query().rows(plan)
      Issue.record("no failure")
    } catch let failure as Failure {
      #expect(failure.condition == "DIVIDE_BY_ZERO")
      #expect(failure.details.contains { $0.contains("n: 5") })
    }
  }
}
