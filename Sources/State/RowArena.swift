import CSystem
import Glibc

/// Rows as bytes, for operators that keep rows one by one: each lies behind the number of its slot
/// and its length, in blocks that leave the process when their rows have gone. One owner.
///
/// Rows that come together mostly go together, so that blocks empty as a whole. A block of which
/// three quarters have gone is moved, rows and all, to where new rows are written.
public final class RowArena {
  /// What lies before a row's bytes.
  private struct RowHead {
    var slot: UInt32
    var byteCount: UInt32
  }

  /// What lies at the start of a block.
  private struct BlockHead {
    /// Of the whole mapping, and of its rows with their heads; those in use, those not removed.
    var mappedBytes: Int
    var usedBytes: Int
    var liveBytes: Int
    /// The neighbours in the list of blocks.
    var next: Block?
    var previous: Block?
  }

  private typealias Block = UnsafeMutableRawPointer

  /// Bytes of all blocks.
  public private(set) var memoryBytes = 0
  /// Where the next row goes.
  private var current: Block?
  private var first: Block?
  /// An emptied block, kept for the next that is wanted.
  private var spare: Block?

  /// Blocks begin at multiples of this, so that a row's address tells its block.
  private static let blockBytes = 1 << 18
  private static let headBytes = 64

  public init() {}

  deinit {
    while let block = first { release(block) }
    if let spare { munmap(spare, Self.blockBytes) }
  }

  @inline(__always)
  private static func head(_ block: Block) -> UnsafeMutablePointer<BlockHead> {
    block.assumingMemoryBound(to: BlockHead.self)
  }

  @inline(__always)
  private static func block(of row: UnsafeMutableRawPointer) -> Block {
    let start = row - MemoryLayout<RowHead>.size
    return start - (Int(bitPattern: start) & (blockBytes - 1))
  }

  @inline(__always)
  private static func rowHead(_ row: UnsafeMutableRawPointer) -> UnsafeMutablePointer<RowHead> {
    (row - MemoryLayout<RowHead>.size).assumingMemoryBound(to: RowHead.self)
  }

  @inline(__always)
  private static func bytes(_ byteCount: Int) -> Int {
    (byteCount &+ MemoryLayout<RowHead>.size &+ 7) & ~7
  }

  /// The bytes of a row.
  @inline(__always)
  public static func bytes(of row: UnsafeMutableRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: row, count: Int(rowHead(row).pointee.byteCount))
  }

  /// Room for some rows, to be written by the caller: their addresses, which stay until `remove`
  /// says otherwise.
  public func add(
    slots: [UInt32], byteCounts: UnsafePointer<Int>,
    rows: UnsafeMutablePointer<UnsafeMutableRawPointer>
  ) {
    var next = 0
    while next < slots.count {
      let block = block(with: Self.bytes(byteCounts[next]))
      let head = Self.head(block)
      let limit = head.pointee.mappedBytes
      let begin = head.pointee.usedBytes
      var used = begin
      while next < slots.count {
        let wanted = Self.bytes(byteCounts[next])
        if used &+ wanted > limit { break }
        let row = block + (used &+ MemoryLayout<RowHead>.size)
        Self.rowHead(row).pointee = RowHead(
          slot: slots[next], byteCount: UInt32(truncatingIfNeeded: byteCounts[next]))
        rows[next] = row
        used &+= wanted
        next &+= 1
      }
      head.pointee.usedBytes = used
      head.pointee.liveBytes &+= used &- begin
    }
  }

  /// Room for one row.
  public func add(slot: UInt32, byteCount: Int) -> UnsafeMutableRawPointer {
    let wanted = Self.bytes(byteCount)
    let block = block(with: wanted)
    let head = Self.head(block)
    let row = block + (head.pointee.usedBytes &+ MemoryLayout<RowHead>.size)
    head.pointee.usedBytes &+= wanted
    head.pointee.liveBytes &+= wanted
    Self.rowHead(row).pointee = RowHead(slot: slot, byteCount: UInt32(byteCount))
    return row
  }

  /// The block that is written to, with room for this many bytes.
  private func block(with wanted: Int) -> Block {
    if let current {
      let head = Self.head(current)
      if head.pointee.usedBytes &+ wanted <= head.pointee.mappedBytes { return current }
    }
    return addBlock(wanted)
  }

  /// The row belongs to another slot now.
  @inline(__always)
  public static func setSlot(_ slot: UInt32, of row: UnsafeMutableRawPointer) {
    rowHead(row).pointee.slot = slot
  }

  /// Forgets a row; `moved` is told where rows of the same block lie now, if they had to move.
  @inline(__always)
  public func remove(
    _ row: UnsafeMutableRawPointer,
    moved: (_ slot: UInt32, _ row: UnsafeMutableRawPointer) -> Void
  ) {
    let block = Self.block(of: row)
    let head = Self.head(block)
    Self.rowHead(row).pointee.slot = .max
    head.pointee.liveBytes &-= Self.bytes(Int(Self.rowHead(row).pointee.byteCount))
    if head.pointee.liveBytes &* 4 >= head.pointee.usedBytes { return }
    if block != current {
      move(block, moved)
    } else if head.pointee.liveBytes == 0 {
      head.pointee.usedBytes = Self.headBytes
    }
  }

  @inline(never)
  private func move(_ block: Block, _ moved: (UInt32, UnsafeMutableRawPointer) -> Void) {
    var at = Self.headBytes
    let head = Self.head(block)
    while head.pointee.liveBytes > 0, at < head.pointee.usedBytes {
      let row = block + (at + MemoryLayout<RowHead>.size)
      let old = Self.rowHead(row).pointee
      let bytes = Self.bytes(Int(old.byteCount))
      at += bytes
      if old.slot == .max { continue }
      let new = add(slot: old.slot, byteCount: Int(old.byteCount))
      memcpy(new, row, Int(old.byteCount))
      moved(old.slot, new)
      head.pointee.liveBytes -= bytes
    }
    release(block)
  }

  private func addBlock(_ wanted: Int) -> Block {
    let bytes = max(Self.blockBytes, Self.headBytes + wanted)
    let block: Block
    if let spare, bytes == Self.blockBytes {
      block = spare
      self.spare = nil
    } else {
      block = Self.map(bytes)
    }
    Self.head(block).pointee = BlockHead(
      mappedBytes: bytes, usedBytes: Self.headBytes, liveBytes: 0, next: first, previous: nil)
    if let first { Self.head(first).pointee.previous = block }
    first = block
    memoryBytes += bytes
    current = block
    return block
  }

  /// A mapping that begins at a multiple of the block's size.
  private static func map(_ bytes: Int) -> Block {
    let all = bytes + blockBytes
    guard let memory = moontide_map(all) else { preconditionFailure("out of memory") }
    let lead = (blockBytes - Int(bitPattern: memory) & (blockBytes - 1)) & (blockBytes - 1)
    let pageBytes = 4096
    let end = lead + (bytes + pageBytes - 1) & ~(pageBytes - 1)
    if lead > 0 { munmap(memory, lead) }
    if all > end { munmap(memory + end, all - end) }
    return memory + lead
  }

  private func release(_ block: Block) {
    let head = Self.head(block).pointee
    if let next = head.next { Self.head(next).pointee.previous = head.previous }
    if let previous = head.previous {
      Self.head(previous).pointee.next = head.next
    } else {
      first = head.next
    }
    if block == current { current = nil }
    memoryBytes -= head.mappedBytes
    if spare == nil, head.mappedBytes == Self.blockBytes {
      spare = block
    } else {
      munmap(block, head.mappedBytes)
    }
  }
}
