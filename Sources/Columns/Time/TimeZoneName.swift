import Contract
import Glibc
import Synchronization

extension TimeZone {
  /// The zone that Spark finds under a name: a region, `UTC`, `GMT`, `Z`, `+1`, `+01:00`,
  /// `UTC+1`, or one of Java's short names (`PST`).
  public static func named(_ name: String) throws -> TimeZone {
    if let zone = find(name) { return zone }
    throw Failure(
      "INVALID_TIMEZONE",
      "The timezone: \(name) is invalid. The timezone must be either a region-based zone ID or a "
        + "zone offset. Region IDs must have the form 'area/city', such as 'America/Los_Angeles'. "
        + "Zone offsets must be in the format '(+|-)HH', '(+|-)HH:mm’ or '(+|-)HH:mm:ss', e.g "
        + "'-08' , '+01:00' or '-13:33:33', and must be in the range from -18:00 to +18:00. 'Z' "
        + "and 'UTC' are accepted as synonyms for '+00:00'.")
  }

  /// As `named`, nil where there is no such zone.
  public static func find(_ name: String) -> TimeZone? {
    if name == "UTC" { return utc }
    if let known = cache.withLock({ $0[name] }) { return known }
    guard let zone = make(name) else { return nil }
    return cache.withLock { known in
      // The zones of one process are few, but names that data brings must not grow without end.
      if known.count >= cacheLimit { known.removeAll() }
      known[name] = zone
      return zone
    }
  }

  /// The zone under a name given as bytes, blanks around it ignored.
  public static func find(_ bytes: UnsafeBufferPointer<UInt8>) -> TimeZone? {
    let trimmed = Blanks.trimmed(bytes)
    if trimmed.count == 1, trimmed[0] == 0x5A { return utc }
    return find(String(decoding: trimmed, as: UTF8.self))
  }

  private static let cache = Mutex<[String: TimeZone]>([:])
  private static let cacheLimit = 2000

  private static func make(_ name: String) -> TimeZone? {
    let text = widened(Array(name.utf8))
    guard let first = text.first else { return nil }
    if text == [0x5A] { return TimeZone(id: "Z", offsetSeconds: 0) }
    if first == 0x2B || first == 0x2D {
      return offsetSeconds(text).map { TimeZone(id: offsetID($0), offsetSeconds: $0) }
    }
    for prefix in ["UTC", "GMT", "UT"] where text.starts(with: prefix.utf8) {
      let rest = Array(text.dropFirst(prefix.utf8.count))
      if rest.isEmpty { return TimeZone(id: prefix, offsetSeconds: 0) }
      guard rest[0] == 0x2B || rest[0] == 0x2D else { break }
      return offsetSeconds(rest).map {
        TimeZone(id: prefix + ($0 == 0 ? "" : offsetID($0)), offsetSeconds: $0)
      }
    }
    let region = String(decoding: text, as: UTF8.self)
    if let short = shortNames[region] { return find(short) }
    guard let file = regionFile(links[region] ?? region) else { return nil }
    return TimeZone(id: region, file: file)
  }

  /// Spark accepts `+h:mm` and `+hh:m`, which Java does not.
  private static func widened(_ bytes: [UInt8]) -> [UInt8] {
    func isDigit(_ index: Int) -> Bool {
      index < bytes.count && bytes[index] >= 48 && bytes[index] <= 57
    }
    var result = bytes
    for index in bytes.indices where bytes[index] == 0x2B || bytes[index] == 0x2D {
      if isDigit(index + 1), index + 2 < bytes.count, bytes[index + 2] == 0x3A {
        result.insert(48, at: index + 1)
        break
      }
    }
    let count = result.count
    if count >= 5, [0x2B, 0x2D].contains(result[count - 5]), result[count - 2] == 0x3A {
      let digits = [count - 4, count - 3, count - 1]
      if digits.allSatisfy({ result[$0] >= 48 && result[$0] <= 57 }) {
        result.insert(48, at: count - 1)
      }
    }
    return result
  }

  /// `+h`, `+hh`, `+hhmm`, `+hh:mm`, `+hhmmss`, `+hh:mm:ss` within eighteen hours, in seconds.
  static func offsetSeconds(_ text: [UInt8]) -> Int? {
    guard let sign = text.first, sign == 0x2B || sign == 0x2D else { return nil }
    var digits = Array(text.dropFirst())
    switch digits.count {
    case 1: digits.insert(48, at: 0)
    case 5 where digits[2] == 0x3A: digits.remove(at: 2)
    case 8 where digits[2] == 0x3A && digits[5] == 0x3A:
      digits.remove(at: 5)
      digits.remove(at: 2)
    case 2, 4, 6: break
    default: return nil
    }
    guard digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
    func pair(_ index: Int) -> Int {
      index + 1 < digits.count ? Int(digits[index]) * 10 + Int(digits[index + 1]) - 528 : 0
    }
    guard pair(2) < 60, pair(4) < 60 else { return nil }
    let seconds = pair(0) * 3600 + pair(2) * 60 + pair(4)
    guard seconds <= 18 * 3600 else { return nil }
    return sign == 0x2D ? -seconds : seconds
  }

  /// Java's id of an offset: `Z`, `+01:00`, `-00:00:01`.
  static func offsetID(_ seconds: Int) -> String {
    if seconds == 0 { return "Z" }
    var text: [UInt8] = [seconds < 0 ? 0x2D : 0x2B]
    let magnitude = abs(seconds)
    Digits.appendPair(magnitude / 3600, to: &text)
    text.append(0x3A)
    Digits.appendPair(magnitude / 60 % 60, to: &text)
    if magnitude % 60 != 0 {
      text.append(0x3A)
      Digits.appendPair(magnitude % 60, to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The region's file, nil where the system has none.
  private static func regionFile(_ name: String) -> ZoneFile? {
    let bytes = Array(name.utf8)
    func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
    let others = Array("0123456789~/._+-".utf8)
    guard bytes.count >= 2, isLetter(bytes[0]),
      bytes.allSatisfy({ isLetter($0) || others.contains($0) }),
      // The folder holds more than regions, and a path must not leave it.
      !name.contains(".."), !name.hasPrefix("posix"), !name.hasPrefix("right/"),
      name != "Factory", name != "localtime"
    else { return nil }
    for folder in ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/etc/zoneinfo/"] {
      if let content = content(ofFile: folder + name) { return ZoneFile(content) }
    }
    return nil
  }

  private static func content(ofFile path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 8192)
    while content.count < 1 << 20 {
      let count = read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return content }
      content += block[..<count]
    }
    return nil
  }

  /// Names that the database of 2024 made links, where the system's copy may be older.
  private static let links = [
    "CET": "Europe/Brussels", "MET": "Europe/Brussels", "EET": "Europe/Athens",
    "WET": "Europe/Lisbon",
  ]

  /// `java.time.ZoneId.SHORT_IDS`.
  private static let shortNames = [
    "ACT": "Australia/Darwin", "AET": "Australia/Sydney",
    "AGT": "America/Argentina/Buenos_Aires", "ART": "Africa/Cairo", "AST": "America/Anchorage",
    "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka", "CAT": "Africa/Harare",
    "CNT": "America/St_Johns", "CST": "America/Chicago", "CTT": "Asia/Shanghai",
    "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris", "IET": "America/Indiana/Indianapolis",
    "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia", "NET": "Asia/Yerevan",
    "NST": "Pacific/Auckland", "PLT": "Asia/Karachi", "PNT": "America/Phoenix",
    "PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal",
    "VST": "Asia/Ho_Chi_Minh", "EST": "-05:00", "MST": "-07:00", "HST": "-10:00",
  ]
}
