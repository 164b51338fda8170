import Columns
import Contract
import Expressions
import Glibc
import Testing

@testable import Script

@Suite struct FunctionTests {
  private let driver: LuaState
  private let states: WorkerStates

  init() throws {
    driver = try LuaState()
    states = WorkerStates(try WorkerSetting(of: driver))
  }

  private func function(_ text: String, returns type: DataType = .null) throws -> LuaFunction {
    let value = try driver.run("return " + text, name: "@a.lua")[0]
    return try LuaFunction(
      try #require(value.function), in: driver, returns: type, states: states)
  }

  private func vector(_ type: DataType, _ values: [Scalar]) -> Vector {
    let builder = VectorBuilder(type)
    for value in values { builder.append(value) }
    return builder.finish()
  }

  private func call(_ function: LuaFunction, _ arguments: [Vector]) throws -> [Scalar] {
    let batch = Batch(arguments, count: arguments.first?.count ?? 1)
    let result = try function.call(
      arguments, context: EvaluationContext(batch, task: TaskContext()))
    return (0..<result.count).map { result.scalar($0) }
  }

  @Test func scalarsGoThrough() throws {
    let add = try function("function(a, b) return a and a + b end", returns: .long)
    #expect(
      try call(
        add,
        [
          vector(.int, [.integer(1), .null, .integer(3)]),
          .constant(.integer(10), .long, count: 3),
        ]) == [.integer(11), .null, .integer(13)])
    let upper = try function("function(s) return s:upper() end", returns: .string)
    let words = ["a", "b", "a", "a long string beyond the view", "a long string beyond the view"]
    #expect(
      try call(upper, [vector(.string, words.map { .text($0) })])
        == words.map { .text($0.uppercased()) })
    let half = try function("function(x) return x / 2 end", returns: .int)
    #expect(try call(half, [vector(.double, [.double(6)])]) == [.integer(3)])
    let shout = try function("function(d, b, f) return d .. tostring(b) .. f end", returns: .string)
    #expect(
      try call(
        shout,
        [
          vector(.decimal(precision: 10, scale: 2), [.decimal(-5), .decimal(123_456)]),
          vector(.boolean, [.boolean(true), .boolean(false)]),
          vector(.float, [.double(1.5), .double(2)]),
        ]) == [.text("-0.05true1.5"), .text("1234.56false2.0")])
  }

  @Test func nestedValuesGoThrough() throws {
    let type = DataType.structure([
      Field("tags", .array(.string, containsNull: true)),
      Field("m", .map(.string, .int, valueContainsNull: true)),
      Field("at", .structure([Field("x", .double), Field("y", .double)])),
    ])
    let value = Scalar.structure([
      .array([.text("a"), .null, .text("b")]), .map([.init(.text("k"), .integer(1))]),
      .structure([.double(1), .null]),
    ])
    let same = try function("function(v) return v end", returns: type)
    #expect(try call(same, [vector(type, [value, .null])]) == [value, .null])
    let read = try function(
      "function(v) return #v.tags .. tostring(v.tags[2]) .. v.m.k .. tostring(v.at.y) end",
      returns: .string)
    #expect(try call(read, [vector(type, [value])]) == [.text("3null1nil")])
  }

  @Test(arguments: [
    (DataType.int, "1 << 40", "1099511627776 is out of the range of INT"),
    (.int, "1.5", "a float (1.5) is no INT"),
    (.int, "'5'", "a string (\"5\") is no INT"),
    (.string, "5", "an integer (5) is no STRING"),
    (.boolean, "1", "an integer (1) is no BOOLEAN"),
    (.decimal(precision: 5, scale: 2), "1.5", "a float has no exact digits for DECIMAL(5,2)"),
    (.decimal(precision: 5, scale: 2), "'1000'", "\"1000\" does not fit DECIMAL(5,2)"),
    (.decimal(precision: 5, scale: 2), "'x'", "a string (\"x\") is no DECIMAL(5,2)"),
    (.array(.int, containsNull: true), "{ 1, nil, 3 }", "the list has a hole: of 3 elements"),
    (.array(.int, containsNull: true), "{ 1, 'x' }", "a string (\"x\") is no INT"),
    (.array(.int, containsNull: true), "{ a = 1 }", "a table with other keys than 1…n is no ARRAY"),
    (.structure([Field("amount", .int)]), "{ amout = 1 }", "there is no field `amout`"),
    (.structure([Field("a", .int)]), "{ 1, 2 }", "there is an element at 2, but only 1 columns"),
    (.date, "'2020-01-01'", "a string (\"2020-01-01\") is no DATE"),
  ])
  func wrongResultsAreNamed(_ type: DataType, _ text: String, _ message: String) throws {
    let wrong = try function("function(x) if x == 2 then return \(text) end end", returns: type)
    let error = #expect(throws: RowFailure.self) {
      try call(wrong, [vector(.int, [.integer(1), .integer(2)])])
    }
    #expect(error?.row == 1)
    #expect(error?.failure.message.contains(message) == true, "\(error?.failure.message ?? "")")
    #expect(error?.failure.details.last == "in the function at a.lua:1, row 2")
  }

  @Test(arguments: [
    (DataType.decimal(precision: 5, scale: 2), "'1.005'", Scalar.decimal(101)),
    (.decimal(precision: 5, scale: 2), "'-7'", .decimal(-700)),
    (.decimal(precision: 5, scale: 2), "12", .decimal(1200)),
    (.double, "1", .double(1)), (.long, "2.0", .integer(2)),
    (.string, "require 'moontide'.null", .null),
  ])
  func coercions(_ type: DataType, _ text: String, _ value: Scalar) throws {
    let give = try function("function() return \(text) end", returns: type)
    #expect(try call(give, [vector(.int, [.integer(1)])]) == [value])
  }

  @Test func errorsNameTheRow() throws {
    let fail = try function(
      "function(x)\n if x == 3 then error('bad ' .. x) end return x end", returns: .int)
    let error = #expect(throws: RowFailure.self) {
      try call(fail, [vector(.int, [.integer(1), .integer(3)])])
    }
    #expect(error?.row == 1)
    #expect(error?.failure.message == "bad 3")
    #expect(error?.failure.origin == Origin(file: "a.lua", line: 2))
    #expect(error?.failure.traceback?.contains("a.lua:2") == true)
  }

  private let people = Schema([
    Field("name", .string), Field("age", .int), Field("asTable", .boolean),
    Field("tags", .array(.string, containsNull: true)),
  ])

  private var peopleRows: Batch {
    Batch(
      [
        vector(.string, [.text("ann"), .text("bob")]), vector(.int, [.integer(30), .null]),
        vector(.boolean, [.boolean(true), .boolean(false)]),
        vector(.array(.string, containsNull: true), [.array([.text("x"), .null]), .null]),
      ], count: 2)
  }

  @Test func rowObjects() throws {
    let show = try function(
      """
      function(row)
        local keys = {}
        for k, v in pairs(row) do keys[#keys + 1] = k .. "=" .. type(v) end
        return { row.name, row["age"], row[1] == row.name and row.asTable, #row,
          table.concat(keys, ","), tostring(row), row[9] == nil }
      end
      """)
    let output = Schema([
      Field("a", .string), Field("b", .int), Field("c", .boolean), Field("d", .int),
      Field("e", .string), Field("f", .string), Field("g", .boolean),
    ])
    let made = try show.expand(
      peopleRows, schema: people, output: output, isFlat: false, task: TaskContext())
    #expect(
      made.columns.map { $0.scalar(0) } == [
        .text("ann"), .integer(30), .boolean(true), .integer(4),
        .text("name=string,age=number,asTable=boolean,tags=table"),
        .text("Row(name='ann', age=30, asTable=true, tags={'x', null})"), .boolean(true),
      ])
    #expect(made.columns[1].scalar(1) == .null)
    let unknown = try function("function(row) return row.nmae end")
    let error = #expect(throws: RowFailure.self) {
      try unknown.filter(peopleRows, schema: people, task: TaskContext())
    }
    #expect(error?.failure.condition == "FIELD_NOT_FOUND")
  }

  @Test func filterMapFlatMapAndGroups() throws {
    let adult = try function("function(row) return row.age and row.age > 18 end")
    let kept = try adult.filter(peopleRows, schema: people, task: TaskContext())
    #expect((0..<2).map { kept.boolean($0) } == [true, false])
    let twice = try function("function(row) return { row, { name = row.name .. '2' } } end")
    let made = try twice.expand(
      peopleRows, schema: people, output: people, isFlat: true, task: TaskContext())
    #expect(
      (0..<4).map { made.columns[0].scalar($0) } == [
        .text("ann"), .text("ann2"), .text("bob"), .text("bob2"),
      ])
    #expect((0..<4).map { made.rows.rows[$0] } == [0, 0, 1, 1])
    let count = try function(
      """
      function(key, rows)
        local n, names = 0, {}
        for row in rows do n = n + 1 names[n] = row.name end
        local last = rows[#rows].name
        return { { key = key and key.age, n = n, names = names, len = #rows, last = last } }
      end
      """)
    let output = Schema([
      Field("key", .int), Field("n", .long), Field("names", .array(.string, containsNull: true)),
      Field("len", .int), Field("last", .string),
    ])
    let key = Batch([vector(.int, [.integer(7)])], count: 1)
    let result = try count.apply(
      key: key, keySchema: Schema([Field("age", .int)]), rows: peopleRows, schema: people,
      output: output, task: TaskContext())
    #expect(
      result.columns.map { $0.scalar(0) } == [
        .integer(7), .integer(2), .array([.text("ann"), .text("bob")]), .integer(2), .text("bob"),
      ])
  }

  @Test func aRowIsLentForOneCall() throws {
    let keep = try function(
      """
      (function() local kept return function(row)
        if kept then return kept.name ~= nil end
        kept = row return true end end)()
      """)
    let error = #expect(throws: RowFailure.self) {
      try keep.filter(peopleRows, schema: people, task: TaskContext())
    }
    #expect(error?.row == 1)
    #expect(error?.failure.condition == "ROW_NO_LONGER_VALID")
  }

  @Test func collectedRowsLiveOn() throws {
    let (batch, schema) = (peopleRows, people)
    try driver.register("test", ["collect": { call in try call.push(rows: batch, schema: schema) }])
    let result = try driver.run(
      """
      local rows = require "test".collect()
      local first = rows[1]
      rows = nil
      collectgarbage() collectgarbage()
      return first.name, first.tags[2] == require "moontide.native".null
      """, name: "@a.lua")
    #expect(result[0].string == "ann")
    #expect(result[1].boolean == true)
  }

  @Test func speed() throws {
    let add = try function("function(a, b) return a + b end", returns: .long)
    let numbers = vector(.long, (0..<8192).map { .integer($0) })
    let words = vector(.string, (0..<8192).map { .text("page-view-number-\($0 % 16)") })
    let size = try function("function(s) return #s end", returns: .int)
    func measure(_ name: String, _ body: () throws -> Void) rethrows {
      var best = Int.max
      for _ in 0..<20 {
        var (start, end) = (timespec(), timespec())
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        try body()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        best = min(best, (end.tv_sec - start.tv_sec) * 1_000_000_000 + end.tv_nsec - start.tv_nsec)
      }
      print("\(name): \(best / 8192) ns a row")
    }
    let context = EvaluationContext(Batch([numbers], count: 8192), task: TaskContext())
    try measure("two integers") { _ = try add.call([numbers, numbers], context: context) }
    try measure("one string of 16") { _ = try size.call([words], context: context) }
  }
}

@Suite struct AggregateTests {
  @Test func buffersGoThroughStates() throws {
    let driver = try LuaState()
    let states = WorkerStates(try WorkerSetting(of: driver))
    let functions = try #require(
      driver.run(
        """
        return {
          zero = function() return { sum = 0, n = 0 } end,
          reduce = function(b, x) b.sum = b.sum + x b.n = b.n + 1 end,
          merge = function(a, b) return { sum = a.sum + b.sum, n = a.n + b.n } end,
          finish = function(b) return b.n > 0 and b.sum / b.n or nil end,
        }
        """, name: "@a.lua")[0].table)
    let average = try LuaAggregate(
      functions, in: driver, name: "average",
      buffer: .structure([Field("sum", .double), Field("n", .long)]), returns: .double,
      states: states)
    let builder = VectorBuilder(.double)
    for value in [1.0, 2, 3, 10] { builder.append(double: value) }
    let values = builder.finish()
    let context = EvaluationContext(Batch([values], count: 4), task: TaskContext())
    let (one, two) = (average.makeAccumulator(), average.makeAccumulator())
    let groups = Selection([0, 0, 0, 1])
    try one.update([values], groups: groups.rows, count: 4, context: context)
    let partial = try one.states(Selection([0, 1, 2]))
    #expect(partial.map(\.type) == [.double, .long])
    for groups in [Selection([0, 1, 1]), Selection([1, 0, 0])] {
      try two.merge(partial, groups: groups.rows, count: 3)
      withExtendedLifetime(groups) {}
    }
    let result = try two.results(Selection([0, 1, 5]), context: context)
    #expect((0..<3).map { result.scalar($0) } == [.double(4), .double(4), .null])
    two.reset(Selection([0]))
    #expect(try two.results(Selection([0]), context: context).scalar(0) == .null)
  }
}
