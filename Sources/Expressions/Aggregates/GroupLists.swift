import Columns
import Contract

/// A growing list of values of any type a group, in order: what `collect_list` keeps.
///
/// Values lie in chunks, one an update, which are never changed; each group chains its values. When
/// more than half of the values belong to no group any more, the rest is copied together.
struct GroupLists: ~Copyable {
  let elementType: DataType
  private var heads = GroupArray<Int32>(empty: -1)
  private var tails = GroupArray<Int32>(empty: -1)
  private var counts = GroupArray<Int32>(empty: 0)
  private var chunks: [Vector] = []
  private var links: [Link] = []
  private var dead = 0

  private struct Link {
    var chunk: Int32
    var row: Int32
    var next: Int32
  }

  init(_ elementType: DataType) { self.elementType = elementType }

  mutating func grow(to count: Int) {
    heads.grow(to: count)
    tails.grow(to: count)
    counts.grow(to: count)
  }

  /// How many values a group has.
  func count(_ group: Int) -> Int { Int(counts.pointer[group]) }

  /// Adds some rows of a vector, one to each of the groups beside them.
  mutating func append(_ vector: Vector, rows: [(row: Int, group: Int)]) {
    if rows.isEmpty { return }
    let chunk = Int32(chunks.count)
    chunks.append(vector.gathered(Selection(rows.map(\.row))).detached())
    let (heads, tails, counts) = (heads.pointer, tails.pointer, counts.pointer)
    for (index, item) in rows.enumerated() {
      let link = Int32(links.count)
      links.append(Link(chunk: chunk, row: Int32(index), next: -1))
      if tails[item.group] >= 0 {
        links[Int(tails[item.group])].next = link
      } else {
        heads[item.group] = link
      }
      tails[item.group] = link
      counts[item.group] += 1
    }
  }

  /// Adds the elements of some lists: row `i` to group `groups[i]`.
  mutating func append(lists: Vector, groups: UnsafePointer<UInt32>, count: Int) {
    let lists = lists.flat
    var rows: [(row: Int, group: Int)] = []
    for row in 0..<count where !lists.isNull(row) {
      for element in lists.range(row) { rows.append((element, Int(groups[row]))) }
    }
    append(lists.children[0], rows: rows)
  }

  /// Calls `body` with where each value of a group lies, in order.
  func forEach(_ group: Int, _ body: (Vector, Int) throws -> Void) rethrows {
    var link = heads.pointer[group]
    while link >= 0 {
      let at = links[Int(link)]
      try body(chunks[Int(at.chunk)], Int(at.row))
      link = at.next
    }
  }

  /// The values of one group as a vector.
  func elements(_ group: Int) -> Vector {
    let builder = VectorBuilder(elementType, capacity: max(count(group), 1))
    forEach(group) { builder.append($0, row: $1) }
    return builder.finish()
  }

  /// The lists of some groups as an ARRAY vector.
  func vector(_ type: DataType, _ groups: Selection) -> Vector {
    let builder = VectorBuilder(type, capacity: groups.count)
    let elements = builder.children[0]
    for index in 0..<groups.count {
      forEach(Int(groups.rows[index])) { elements.append($0, row: $1) }
      builder.endList()
    }
    return builder.finish()
  }

  mutating func reset(_ groups: Selection) {
    for index in 0..<groups.count {
      dead += Int(counts.pointer[Int(groups.rows[index])])
    }
    heads.reset(groups)
    tails.reset(groups)
    counts.reset(groups)
    if dead > 1024, dead * 2 > links.count { compact() }
  }

  private mutating func compact() {
    let builder = VectorBuilder(elementType, capacity: links.count - dead)
    var kept: [Link] = []
    for group in 0..<heads.count where heads.pointer[group] >= 0 {
      var link = heads.pointer[group]
      heads.pointer[group] = Int32(kept.count)
      while link >= 0 {
        let at = links[Int(link)]
        builder.append(chunks[Int(at.chunk)], row: Int(at.row))
        kept.append(Link(chunk: 0, row: Int32(kept.count), next: Int32(kept.count + 1)))
        link = at.next
      }
      kept[kept.count - 1].next = -1
      tails.pointer[group] = Int32(kept.count - 1)
    }
    chunks = [builder.finish()]
    links = kept
    dead = 0
  }

  var memoryBytes: Int {
    heads.memoryBytes + tails.memoryBytes + counts.memoryBytes + links.capacity * 12
      + chunks.reduce(0) { $0 + $1.memoryBytes }
  }
}

extension Vector {
  /// Bytes of the buffers, children included.
  var memoryBytes: Int {
    values.capacity + (validity?.capacity ?? 0) + blocks.reduce(0) { $0 + $1.capacity }
      + children.reduce(0) { $0 + $1.memoryBytes }
  }
}
