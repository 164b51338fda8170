/// Numbers (of groups, of slots) by the moment at which they expire, so that eviction costs what it
/// evicts.
///
/// Entries lie in spans of about a second; those of a span are put in order when its turn comes.
struct ExpiryIndex {
  private struct Entry {
    /// Microseconds behind the span's begin.
    let offset: UInt32
    var number: UInt32
  }

  private struct Span {
    var entries: [Entry] = []
    /// Entries before this one are gone.
    var taken = 0
    var isOrdered = true

    mutating func add(_ entry: Entry) {
      if let last = entries.last, last.offset > entry.offset { isOrdered = false }
      entries.append(entry)
    }

    /// Entries of one moment stay in the order in which they came.
    mutating func order() {
      if isOrdered { return }
      entries[taken...].sort { $0.offset < $1.offset }
      isOrdered = true
    }
  }

  private var spans: [Int64: Span] = [:]
  /// The numbers of the spans, as a heap.
  private var starts: [Int64] = []

  private static let spanBits: Int64 = 20

  /// `.max`: never.
  mutating func add(_ number: UInt32, at moment: Int64) {
    if moment == .max { return }
    let start = moment >> Self.spanBits
    let offset = UInt32(truncatingIfNeeded: moment & ((1 << Self.spanBits) - 1))
    let entry = Entry(offset: offset, number: number)
    if spans[start]?.add(entry) == nil {
      spans[start] = Span(entries: [entry])
      push(start)
    }
  }

  mutating func add(_ numbers: [UInt32], at moments: [Int64]) {
    for index in numbers.indices { add(numbers[index], at: moments[index]) }
  }

  /// Takes out what expires at or before this moment, the earliest first.
  mutating func takeExpired(upTo limit: Int64) -> [UInt32] {
    var out: [UInt32] = []
    let last = limit >> Self.spanBits
    while let start = starts.first, start < last {
      pop()
      guard var span = spans.removeValue(forKey: start) else { continue }
      span.order()
      for entry in span.entries[span.taken...] { out.append(entry.number) }
    }
    if starts.first == last { takePart(of: last, upTo: limit, &out) }
    return out
  }

  private mutating func takePart(of start: Int64, upTo limit: Int64, _ out: inout [UInt32]) {
    // Out of the dictionary while it changes, so that nothing is copied.
    guard var span = spans.removeValue(forKey: start) else { return }
    span.order()
    let offset = UInt32(truncatingIfNeeded: limit & ((1 << Self.spanBits) - 1))
    while span.taken < span.entries.count, span.entries[span.taken].offset <= offset {
      out.append(span.entries[span.taken].number)
      span.taken += 1
    }
    if span.taken == span.entries.count { return pop() }
    if span.taken * 2 > span.entries.count {
      span.entries.removeFirst(span.taken)
      span.taken = 0
    }
    spans[start] = span
  }

  /// Every number becomes the one that stands in its place.
  mutating func renumber(_ numbers: (UInt32) -> UInt32) {
    for start in starts {
      guard var span = spans.removeValue(forKey: start) else { continue }
      for index in span.taken..<span.entries.count {
        span.entries[index].number = numbers(span.entries[index].number)
      }
      spans[start] = span
    }
  }

  var memoryBytes: Int {
    spans.values.reduce(spans.capacity * 48) {
      $0 + $1.entries.capacity * MemoryLayout<Entry>.stride
    }
  }

  private mutating func push(_ start: Int64) {
    starts.append(start)
    var at = starts.count - 1
    while at > 0, starts[at] < starts[(at - 1) / 2] {
      starts.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func pop() {
    let last = starts.removeLast()
    if starts.isEmpty { return }
    starts[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < starts.count && starts[child] < starts[least] {
        least = child
      }
      if least == at { return }
      starts.swapAt(at, least)
      at = least
    }
  }
}
