import Contract

/// The `key=value` directories on the way to a file, as Spark finds them: going up from the file,
/// other directories are passed over until the first such one, and the next other one ends them.
struct PartitionPlace {
  private(set) var values: [PartitionValue] = []
  /// The directory that holds the first of them; the file's own directory where there is none.
  private(set) var base: String
  private var isOpen = false

  init(root: String) { base = root }

  /// The place of files in a directory of this one; `value`: what its name says.
  func entering(_ directory: String, below parent: String, _ value: PartitionValue?)
    -> PartitionPlace
  {
    var place = self
    place.isOpen = value != nil
    if let value {
      if !isOpen { (place.values, place.base) = ([], parent) }
      place.values.append(value)
    } else if values.isEmpty {
      place.base = directory
    }
    return place
  }

  /// The place of files in a directory, seen from one above it.
  static func of(_ directory: String, below base: String) -> PartitionPlace {
    var place = PartitionPlace(root: base)
    var parent = base
    for name in directory.dropFirst(base.count).split(separator: "/") {
      let child = parent == "/" ? "/" + name : parent + "/" + name
      place = place.entering(child, below: parent, FileListing.partitionValue(String(name)))
      parent = child
    }
    return place
  }
}

/// What a listing makes of the files and places it found.
struct PlacedFiles {
  private(set) var all: [(file: InputFile, place: PartitionPlace, isDirect: Bool)] = []

  /// `isDirect`: the file lies in a path that was asked for, not in a directory below.
  mutating func add(_ file: InputFile, _ place: PartitionPlace, isDirect: Bool) {
    all.append((file, place, isDirect))
  }

  /// The files that count. Without any `key=value` directory those below other directories do not;
  /// otherwise all such directories must begin at one place.
  func listed() throws -> [ListedFile] {
    guard all.contains(where: { !$0.place.values.isEmpty }) else {
      return all.filter(\.isDirect).map { ListedFile(file: $0.file, partition: []) }
    }
    var bases: [String] = []
    for (file, place, _) in all {
      if place.values.contains(where: { $0.name.isEmpty }) {
        throw Failure(
          "EMPTY_PARTITION_COLUMN_NAME", "a directory of `\(file.path)` has a value without name")
      }
      if place.values.contains(where: { $0.text == "" }) {
        throw Failure(
          "EMPTY_PARTITION_COLUMN_VALUE", "a directory of `\(file.path)` has a name without value",
          hint: "NULL is written `\(PartitionValue.nullText)`")
      }
      if !bases.contains(place.base) { bases.append(place.base) }
    }
    guard bases.count == 1 else {
      throw Failure(
        "CONFLICTING_DIRECTORY_STRUCTURES",
        "the `key=value` directories do not begin at one place",
        hint: "Set the option `basePath` to the table's directory, read the tables apart, or set "
          + "`recursiveFileLookup` to do without partition columns",
        details: bases.prefix(10).map { "under: " + $0 })
    }
    return all.map { ListedFile(file: $0.file, partition: $0.place.values) }
  }
}
