/// Row numbers, in the order in which the rows are to be seen. Frozen once shared.
public struct Selection: Sendable {
  public let buffer: Buffer
  public let count: Int

  /// `count` indices lie in `buffer` as `UInt32`.
  public init(buffer: Buffer, count: Int) {
    self.buffer = buffer
    self.count = count
  }

  public init(_ rows: [Int]) {
    buffer = Buffer(capacity: rows.count * 4)
    count = rows.count
    let out = buffer.typed(UInt32.self)
    for (index, row) in rows.enumerated() { out[index] = UInt32(row) }
  }

  @inlinable @inline(__always)
  public var rows: UnsafePointer<UInt32> { UnsafePointer(buffer.typed(UInt32.self)) }

  /// Rows 0, 1, … count-1.
  public static func identity(_ count: Int) -> Selection {
    .range(0..<count)
  }

  /// Consecutive rows.
  public static func range(_ range: Range<Int>) -> Selection {
    let buffer = Buffer(capacity: range.count * 4)
    let out = buffer.typed(UInt32.self)
    for index in 0..<range.count {
      out[index] = UInt32(truncatingIfNeeded: range.lowerBound &+ index)
    }
    return Selection(buffer: buffer, count: range.count)
  }

  /// The rows where a BOOLEAN vector is true (NULL is not).
  public static func whereTrue(_ condition: Vector) -> Selection {
    let count = condition.count
    let buffer = Buffer(capacity: count * 4)
    let out = buffer.typed(UInt32.self)
    if condition.isConstant {
      let holds = count > 0 && !condition.isNull(0) && condition.boolean(0)
      return holds ? .identity(count) : Selection(buffer: buffer, count: 0)
    }
    let bits = condition.values.typed(UInt64.self)
    let valid = condition.validity?.typed(UInt64.self)
    var found = 0
    for word in 0..<((count &+ 63) >> 6) {
      var rest = bits[word]
      if let valid { rest &= valid[word] }
      let left = count &- word &* 64
      if left < 64 { rest &= (1 << UInt64(left)) &- 1 }
      while rest != 0 {
        out[found] = UInt32(truncatingIfNeeded: word &* 64 &+ rest.trailingZeroBitCount)
        found &+= 1
        rest &= rest &- 1
      }
    }
    return Selection(buffer: buffer, count: found)
  }

  /// Row numbers of this selection, as seen through an outer one: `outer[self[i]]`.
  public func through(_ outer: Selection) -> Selection {
    let out = Buffer(capacity: count * 4)
    let (target, inner, rows) = (out.typed(UInt32.self), self.rows, outer.rows)
    for index in 0..<count { target[index] = rows[Int(inner[index])] }
    return Selection(buffer: out, count: count)
  }

  /// The row number that stands for "no row": gathering it gives NULL.
  public static let none = UInt32.max
}
