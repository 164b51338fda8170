import Glibc

/// English names of zones, for the pattern letters `z` and `v`.
///
/// The short names of an instant are those of the zone's file (`CET`). Names in full are known for
/// the zones of the table; other zones print as an offset (`GMT+03:00`), as Java does for zones
/// without names.
enum ZoneNames {
  private struct Row {
    let region: String
    let short: String
    let full: String
    /// Whether there is a summer time, so that "Standard" and "Daylight" take turns.
    let others: [String]
  }

  private static let rows: [Row] = [
    Row(region: "America/Los_Angeles", short: "P", full: "Pacific", others: ["America/Vancouver"]),
    Row(region: "America/Denver", short: "M", full: "Mountain", others: ["America/Edmonton"]),
    Row(region: "America/Chicago", short: "C", full: "Central", others: ["America/Winnipeg"]),
    Row(
      region: "America/New_York", short: "E", full: "Eastern",
      others: ["America/Toronto", "America/Detroit"]),
    Row(region: "Europe/Paris", short: "CE", full: "Central European", others: europe),
    Row(
      region: "Europe/Bucharest", short: "EE", full: "Eastern European",
      others: ["Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Europe/Sofia"]),
  ]

  private static let europe = [
    "Europe/Berlin", "Europe/Madrid", "Europe/Rome", "Europe/Vienna", "Europe/Zurich",
    "Europe/Amsterdam", "Europe/Brussels", "Europe/Prague", "Europe/Warsaw", "Europe/Stockholm",
    "Europe/Oslo", "Europe/Copenhagen", "Europe/Budapest", "Europe/Belgrade",
  ]

  /// nil: the zone has no such name and prints as an offset.
  static func name(
    of zone: TimeZone, atInstant us: Int64, full: Bool, generic: Bool
  ) -> String? {
    let universal = ["UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal"]
    if universal.contains(zone.id) { return full ? "Coordinated Universal Time" : "UTC" }
    if zone.id == "GMT" || zone.id == "Etc/GMT" { return full ? "Greenwich Mean Time" : "GMT" }
    if zone.id == "Z" { return "Z" }
    if zone.fixedOffsetUs != nil, zone.id.utf8.contains(0x3A) { return zone.id }
    let row = rows.first { $0.region == zone.id || $0.others.contains(zone.id) }
    let abbreviation = zone.abbreviation(atInstant: us)
    if generic {
      guard let row else { return nil }
      return full ? row.full + " Time" : row.short + "T"
    }
    let isEuropean = row?.short.utf8.last == 0x45 && row?.full.utf8.last == 0x6E
    let isSummer = zone.isSummer(atInstant: us)
    if full {
      guard let row else { return nil }
      let kind = isSummer ? (isEuropean ? "Summer" : "Daylight") : "Standard"
      return "\(row.full) \(kind) Time"
    }
    if let row {
      return row.short + (isSummer ? (isEuropean ? "S" : "D") : isEuropean ? "" : "S") + "T"
    }
    let isWord = abbreviation.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5A }
    return isWord ? abbreviation : nil
  }

  /// The zone whose short or full name begins at `position`, and how long the name is.
  static func zone(
    named bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> (TimeZone, Int)? {
    for row in rows {
      let isEuropean = row.full.hasSuffix("European")
      let short = isEuropean ? ["ST", "T"] : ["ST", "DT", "T"]
      let kinds = ["Standard Time", isEuropean ? "Summer Time" : "Daylight Time", "Time"]
      for name in kinds.map({ "\(row.full) \($0)" }) + short.map({ row.short + $0 }) {
        let count = name.utf8.count
        guard position + count <= bytes.count else { continue }
        let found = bytes[position..<(position + count)]
        guard zip(found, name.utf8).allSatisfy({ $0 == $1 || $0 ^ $1 == 0x20 && $1 > 0x40 }) else {
          continue
        }
        return TimeZone.find(row.region).map { ($0, count) }
      }
    }
    return nil
  }
}

extension TimeZone {
  /// The clock is ahead of the zone's standard time: of the smaller offset of the two nearest
  /// stretches.
  func isSummer(atInstant us: Int64) -> Bool {
    let here = span(atInstant: us)
    guard here.endUs < Int64.max else { return false }
    let next = span(atInstant: here.endUs)
    return next.offsetUs < here.offsetUs && next.endUs &- here.startUs < 500 * 86_400_000_000
  }

  /// As `find`, with the letters of a region in any case.
  static func findIgnoringCase(_ name: String) -> TimeZone? {
    if let zone = find(name) { return zone }
    let upper = name.uppercased()
    if ["Z", "UTC", "GMT", "UT"].contains(where: { upper.hasPrefix($0) }),
      let zone = find(upper)
    {
      return zone
    }
    let path = name.split(separator: "/", omittingEmptySubsequences: false)
    guard name.utf8.count >= 3, path.count <= 3 else { return nil }
    var spelling: [String] = []
    for part in path {
      guard let entry = entry(named: part.lowercased(), in: spelling.joined(separator: "/")) else {
        return nil
      }
      spelling.append(entry)
    }
    let found = spelling.joined(separator: "/")
    return found == name ? nil : find(found)
  }

  /// The entry of a folder of the zone files that has this lower-cased name.
  private static func entry(named wanted: String, in folder: String) -> String? {
    guard let directory = opendir("/usr/share/zoneinfo/" + folder) else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.lowercased() == wanted { return name }
    }
    return nil
  }
}
