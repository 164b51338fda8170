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
    let start: Int64
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

  private var spans: [Span] = []
  /// Places in `spans` that are empty.
  private var free: [Int] = []
  private var places: [Int64: Int] = [:]
  /// The places of spans by the last bits of their number, right or wrong.
  private var recent = [Int](repeating: 0, count: recentCount)
  /// The numbers of the spans, as a heap.
  private var starts: [Int64] = []

  private static let spanBits: Int64 = 20
  private static let recentCount = 256

  /// `.max`: never.
  mutating func add(_ number: UInt32, at moment: Int64) {
    if moment == .max { return }
    let start = moment >> Self.spanBits
    let offset = UInt32(truncatingIfNeeded: moment & ((1 << Self.spanBits) - 1))
    spans[place(start)].add(Entry(offset: offset, number: number))
  }

  mutating func add(_ numbers: [UInt32], at moments: [Int64]) {
    for index in numbers.indices { add(numbers[index], at: moments[index]) }
  }

  /// Where a span is, or is from now on.
  @inline(__always)
  private mutating func place(_ start: Int64) -> Int {
    let at = recent[Int(truncatingIfNeeded: start) & (Self.recentCount - 1)]
    return at < spans.count && spans[at].start == start && !spans[at].entries.isEmpty
      ? at : findPlace(start)
  }

  @inline(never)
  private mutating func findPlace(_ start: Int64) -> Int {
    let at: Int
    if let known = places[start] {
      at = known
    } else {
      at = free.popLast() ?? spans.count
      if at == spans.count {
        spans.append(Span(start: start))
      } else {
        spans[at] = Span(start: start)
      }
      places[start] = at
      push(start)
    }
    recent[Int(truncatingIfNeeded: start) & (Self.recentCount - 1)] = at
    return at
  }

  /// Takes out what expires at or before this moment, the earliest first.
  mutating func takeExpired(upTo limit: Int64) -> [UInt32] {
    var out: [UInt32] = []
    let last = limit >> Self.spanBits
    while let start = starts.first, start < last {
      guard let at = places[start] else { preconditionFailure("a span without a place") }
      spans[at].order()
      for entry in spans[at].entries[spans[at].taken...] { out.append(entry.number) }
      removeFirst(at)
    }
    if starts.first == last, let at = places[last] { takePart(of: at, upTo: limit, &out) }
    return out
  }

  /// Forgets the earliest span, which lies here.
  private mutating func removeFirst(_ at: Int) {
    places[spans[at].start] = nil
    spans[at] = Span(start: spans[at].start)
    free.append(at)
    pop()
    if starts.isEmpty { (spans, free, places) = ([], [], [:]) }
  }

  private mutating func takePart(of at: Int, upTo limit: Int64, _ out: inout [UInt32]) {
    spans[at].order()
    let offset = UInt32(truncatingIfNeeded: limit & ((1 << Self.spanBits) - 1))
    var taken = spans[at].taken
    let count = spans[at].entries.count
    while taken < count, spans[at].entries[taken].offset <= offset {
      out.append(spans[at].entries[taken].number)
      taken += 1
    }
    if taken == count { return removeFirst(at) }
    if taken * 2 > count {
      spans[at].entries.removeFirst(taken)
      taken = 0
    }
    spans[at].taken = taken
  }

  /// Every number becomes the one that stands in its place.
  mutating func renumber(_ numbers: (UInt32) -> UInt32) {
    for at in spans.indices {
      for index in spans[at].taken..<spans[at].entries.count {
        spans[at].entries[index].number = numbers(spans[at].entries[index].number)
      }
    }
  }

  var memoryBytes: Int {
    spans.reduce(places.capacity * 24 + spans.capacity * MemoryLayout<Span>.stride) {
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
