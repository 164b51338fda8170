import CLua
import Columns
import Contract
import Glibc

/// Columns as C sees them: for Lua functions that read whole rows, and for rows that the script
/// keeps, which keep this alive.
///
/// Border (`@unchecked Sendable`): frozen once made, except the string caches, which are there only
/// in `init(arguments:)` for one batch on one thread.
final class LuaColumns: LuaObject, @unchecked Sendable {
  static let luaClass = "moontide.Columns"

  let rows: UnsafeMutablePointer<moontide_rows>
  private let vectors: [Vector]
  private let columns: UnsafeMutablePointer<moontide_column>
  private var tables: [UnsafeMutablePointer<moontide_column>] = []
  private var names: [UnsafeMutablePointer<UnsafePointer<CChar>>] = []
  private var texts: [UnsafeMutablePointer<CChar>] = []
  private var caches: [OpaquePointer] = []

  /// The arguments of a function, by position.
  convenience init(arguments: [Vector]) {
    self.init(arguments, names: [], places: 0)
    for (index, vector) in arguments.enumerated()
    where vector.type.layout == .views && !vector.isConstant {
      guard let cache = moontide_strings_new() else { continue }
      caches.append(cache)
      columns[index].strings = cache
    }
  }

  /// Rows with names; `places` is the state's table of them (see `LuaState.places(of:)`).
  convenience init(_ batch: Batch, schema: Schema, places: Int32) {
    let batch = batch.dense
    self.init(batch.columns, names: schema.fields.map(\.name), places: places)
  }

  private init(_ given: [Vector], names: [String], places: Int32) {
    let vectors = given.map { $0.type.containsCalendarInterval ? $0.withIntervalsAsText : $0 }
    self.vectors = vectors
    columns = .allocate(capacity: max(vectors.count, 1))
    rows = .allocate(capacity: 1)
    rows.initialize(to: moontide_rows())
    for (index, vector) in vectors.enumerated() {
      (columns + index).initialize(to: describe(vector))
    }
    rows.pointee.columns = UnsafePointer(columns)
    rows.pointee.width = Int32(vectors.count)
    rows.pointee.places = places
    rows.pointee.names = cStrings(names)
  }

  deinit {
    for cache in caches { moontide_strings_free(cache) }
    for text in texts { free(text) }
    for list in names { list.deallocate() }
    for table in tables { table.deallocate() }
    columns.deallocate()
    rows.deallocate()
  }

  private func describe(_ vector: Vector) -> moontide_column {
    var column = moontide_column()
    column.kind = Int32(vector.type.luaKind)
    if case .decimal(_, let scale) = vector.type { column.scale = Int32(scale) }
    column.mask = vector.isConstant ? 0 : -1
    column.isAllNull = vector.type == .null || (vector.nullCount > 0 && vector.validity == nil)
    column.validity = vector.validity.map { UnsafePointer($0.typed(UInt8.self)) }
    column.values = UnsafeRawPointer(vector.values.pointer)
    column.blocks = UnsafeRawPointer(vector.blockAddresses)
      .assumingMemoryBound(to: UnsafeRawPointer?.self)
    guard !vector.children.isEmpty else { return column }
    let children = UnsafeMutablePointer<moontide_column>.allocate(capacity: vector.children.count)
    tables.append(children)
    for (index, child) in vector.children.enumerated() {
      (children + index).initialize(to: describe(child))
    }
    column.children = UnsafePointer(children)
    column.childCount = Int32(vector.children.count)
    if case .structure(let fields) = vector.type { column.names = cStrings(fields.map(\.name)) }
    return column
  }

  private func cStrings(_ strings: [String]) -> UnsafePointer<UnsafePointer<CChar>> {
    let list = UnsafeMutablePointer<UnsafePointer<CChar>>.allocate(capacity: max(strings.count, 1))
    names.append(list)
    for (index, string) in strings.enumerated() {
      guard let text = strdup(string) else { preconditionFailure("out of memory") }
      texts.append(text)
      (list + index).initialize(to: UnsafePointer(text))
    }
    return UnsafePointer(list)
  }
}

extension DataType {
  /// The kind of column that C sees.
  var luaKind: Int {
    switch self {
    case .null: MOONTIDE_NULL_COLUMN
    case .boolean: MOONTIDE_BOOLEAN_COLUMN
    case .byte: MOONTIDE_INT8_COLUMN
    case .short: MOONTIDE_INT16_COLUMN
    case .int, .date, .yearMonthInterval: MOONTIDE_INT32_COLUMN
    case .long, .timestamp, .timestampNtz, .dayTimeInterval: MOONTIDE_INT64_COLUMN
    case .float: MOONTIDE_FLOAT_COLUMN
    case .double: MOONTIDE_DOUBLE_COLUMN
    case .decimal: MOONTIDE_DECIMAL_COLUMN
    // Of INTERVAL a script sees the text.
    case .string, .binary, .calendarInterval: MOONTIDE_STRING_COLUMN
    case .array: MOONTIDE_LIST_COLUMN
    case .map: MOONTIDE_MAP_COLUMN
    case .structure: MOONTIDE_STRUCT_COLUMN
    }
  }
}

extension DataType {
  fileprivate var containsCalendarInterval: Bool {
    self == .calendarInterval || childTypes.contains(where: \.containsCalendarInterval)
  }

  fileprivate var withIntervalsAsText: DataType {
    switch self {
    case .calendarInterval: .string
    case .array(let element, let containsNull):
      .array(element.withIntervalsAsText, containsNull: containsNull)
    case .map(let key, let value, let containsNull):
      .map(key.withIntervalsAsText, value.withIntervalsAsText, valueContainsNull: containsNull)
    case .structure(let fields):
      .structure(
        fields.map { Field($0.name, $0.type.withIntervalsAsText, isNullable: $0.isNullable) })
    default: self
    }
  }
}

extension Vector {
  /// The same rows with the text of each INTERVAL in its place, at any depth.
  fileprivate var withIntervalsAsText: Vector {
    guard type.containsCalendarInterval else { return self }
    let textType = type.withIntervalsAsText
    guard type == .calendarInterval else {
      return Vector(
        textType, count: count, validity: validity, values: values, blocks: blocks,
        children: children.map(\.withIntervalsAsText), isConstant: isConstant)
    }
    let builder = VectorBuilder(.string, capacity: count)
    for row in 0..<count {
      if isNull(row) {
        builder.appendNull()
        continue
      }
      var text: [UInt8] = []
      CalendarInterval(bits: typed(Int128.self)[position(row)]).append(to: &text)
      text.withUnsafeBytes { builder.append(bytes: $0) }
    }
    return builder.finish()
  }
}

extension LuaState {
  /// The registry key of the table that gives a column's position for its name; made once a schema.
  func places(of schema: Schema) throws -> Int32 {
    if let known = placesBySchema[schema] { return known.key }
    var fields: [String: LuaValue] = [:]
    for (index, field) in schema.fields.enumerated() where fields[field.name] == nil {
      fields[field.name] = .integer(Int64(index + 1))
    }
    try push([.table(LuaTable(fields: fields))])
    let reference = try takeReference()
    placesBySchema[schema] = reference
    return reference.key
  }
}

extension LuaCall {
  /// Pushes rows as a list of row objects, which live as long as the script holds them.
  public func push(rows batch: Batch, schema: Schema) throws -> Int {
    let columns = LuaColumns(batch, schema: schema, places: try state.places(of: schema))
    try state.check(
      moontide_push_owned_rows(
        state.lua, columns.rows, 0, Int64(batch.count), state.handle(for: columns),
        LuaColumns.luaClass))
    return 1
  }
}
