/// The line of the user's script that made a part of a plan: the user's own frame nearest to the
/// API call. Every error that surfaces later points back to it.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  public var description: String { "\(file):\(line)" }
}

/// What went wrong through the user's or the world's fault. Our own bugs are `precondition`s.
///
/// `condition` is Spark's error class where Spark has one (`UNRESOLVED_COLUMN.WITH_SUGGESTION`).
/// `message` names the thing that is wrong, `hint` says what to do, `details` are further lines
/// ("columns: a, b"), `origin` is the script's line, filled in by the nearest caller that knows it.
public struct Failure: Error, Sendable, CustomStringConvertible {
  public let condition: String
  public var message: String
  public var hint: String?
  public var details: [String]
  public var origin: Origin?
  /// The traceback of an error in the user's own Lua.
  public var traceback: String?
  private var causes: [Failure]

  public init(
    _ condition: String, _ message: String, hint: String? = nil, details: [String] = [],
    origin: Origin? = nil, traceback: String? = nil, cause: Failure? = nil
  ) {
    self.condition = condition
    self.message = message
    self.hint = hint
    self.details = details
    self.origin = origin
    self.traceback = traceback
    self.causes = cause.map { [$0] } ?? []
  }

  /// The failure that this one reports about, if any.
  public var cause: Failure? { causes.first }

  /// The same failure, with the origin set unless a nearer one is known already.
  public func at(_ origin: Origin?) -> Failure {
    guard self.origin == nil, let origin else { return self }
    var copy = self
    copy.origin = origin
    return copy
  }

  /// As a person reads it: `file:line: CONDITION: message. Hint`, then the details, indented.
  public var description: String {
    var text = origin.map { "\($0): " } ?? ""
    text += "\(condition): \(message)"
    if let hint { text += (message.hasSuffix(".") ? " " : ". ") + hint }
    for detail in details { text += "\n  " + detail }
    if let traceback { text += "\n" + traceback }
    if let cause { text += "\ncaused by: \(cause)" }
    return text
  }
}

/// Runs `body`; a `Failure` that leaves it without an origin gets `origin`.
@inlinable
public func withOrigin<T>(_ origin: Origin?, _ body: () throws -> T) throws -> T {
  do { return try body() } catch let failure as Failure { throw failure.at(origin) }
}
