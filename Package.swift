// swift-tools-version: 6.2
import PackageDescription

// One build configuration serves the product and the tests: `-c release` with `-enable-testing`
// (scripts/build passes it). Every Swift target is in Swift 6 language mode with warnings as errors.
// Cross-module optimisation is not SwiftPM's release default, and a kernel called across a module
// border without it costs sixty times as much.
var unsafeSwift = ["-cross-module-optimization"]
var unsafeC = ["-std=c2x", "-Wall", "-Wextra", "-Werror"]
var unsafeCxx = ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
#if arch(x86_64)
  // AVX2 is the baseline of the column kernels; the command line checks it before anything runs.
  unsafeSwift += ["-Xcc", "-march=haswell"]
  unsafeC += ["-march=haswell"]
  unsafeCxx += ["-march=haswell"]
#endif

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .unsafeFlags(unsafeSwift),
]

/// A module of the engine. The order of the list below is the order in which dependencies point.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: swift)
}

let package = Package(
  name: "moontide",
  products: [.executable(name: "moontide", targets: ["moontide"])],
  targets: [
    .systemLibrary(
      name: "CLua54", path: "Sources/CLua54", pkgConfig: "lua5.4",
      providers: [.apt(["liblua5.4-dev"])]),
    .target(name: "CLua", dependencies: ["CLua54"], cSettings: [.unsafeFlags(unsafeC)]),
    .target(
      name: "CSimdJSON", cxxSettings: [.unsafeFlags(unsafeCxx)],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
      name: "CSystem", cSettings: [.unsafeFlags(unsafeC)],
      linkerSettings: [
        .linkedLibrary("z"), .linkedLibrary("zstd"), .linkedLibrary("bz2"),
        .linkedLibrary("pcre2-8"), .linkedLibrary("xxhash"), .linkedLibrary("m"),
      ]),

    // Opened with dlopen: building needs no RocksDB.
    .target(name: "CRocksDB", cSettings: [.unsafeFlags(unsafeC)]),

    room("Contract", ["CSystem"]),
    room("Columns", ["Contract", "CSystem"]),
    room("Codecs", ["Columns", "CSimdJSON", "CSystem"]),
    room("Expressions", ["Columns", "Codecs"]),
    room("Plan", ["Expressions"]),
    room("State", ["Columns", "CSystem", "CRocksDB"]),
    room("Connectors", ["Expressions", "Codecs", "CSystem"]),
    room("Operators", ["Plan", "State", "Connectors"]),
    room("SQL", ["Operators"]),
    room("Streaming", ["Operators"]),
    room("Script", ["SQL", "Streaming", "CLua"]),
    .executableTarget(
      name: "moontide", dependencies: ["Script", "Streaming"], swiftSettings: swift,
      linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

    .target(
      name: "ExpressionTesting", dependencies: ["Expressions"],
      path: "Tests/Support/ExpressionTesting", swiftSettings: swift),
    tests("Contract", ["Contract"]),
    tests("Columns", ["Columns"]),
    tests("Expressions", ["Expressions", "ExpressionTesting"]),
    tests("Connectors", ["Connectors"]),
    tests("Script", ["Script"]),
    tests("Operators", ["Operators"]),
    tests("State", ["State"]),
    tests("Streaming", ["Streaming"]),
  ],
  cxxLanguageStandard: .cxx17
)
