public func hello() -> Int { 1 }
