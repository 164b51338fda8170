import Columns
import Contract

/// The operators, which SQL calls by their signs: each is a function of that name.
let operatorFunctions: [FunctionSpec] = [
]
