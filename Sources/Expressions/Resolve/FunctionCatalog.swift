import Columns
import Contract

/// The functions that a name in an expression may stand for; letters are compared without regard to
/// case. A value: a session adds its own.
public struct FunctionCatalog: Sendable {
  /// In the order of registration, each once.
  public private(set) var functions: [FunctionSpec]
  private var byName: [String: FunctionSpec] = [:]
  private var userFunctions: [String: any UserFunction] = [:]

  /// Two functions of one name are a bug.
  public init(_ functions: [FunctionSpec]) {
    self.functions = functions
    for function in functions {
      for name in [function.spec.name] + function.spec.aliases {
        let key = name.lowercased()
        precondition(byName[key] == nil, "two functions are called \(name)")
        byName[key] = function
      }
    }
  }

  /// The function of that name.
  public subscript(name: String) -> FunctionSpec? { byName[name.lowercased()] }

  /// The session's own function of that name (`udf:register`), which wins over a built-in one.
  public func userFunction(_ name: String) -> (any UserFunction)? {
    userFunctions[name.lowercased()]
  }

  /// Makes a user's function known under a name.
  public mutating func register(_ function: any UserFunction, as name: String) {
    userFunctions[name.lowercased()] = function
  }

  /// Every name that a call may use, for suggestions.
  public var names: [String] { Array(byName.keys) + Array(userFunctions.keys) }
}
