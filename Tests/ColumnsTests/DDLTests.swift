import Columns
import Contract
import Testing

/// Answers recorded from Spark 4.3's `StructType.fromDDL`.
@Suite struct DDLTests {
  @Test(arguments: [
    ("a INT, b STRING", "struct<a:int,b:string>"),
    (
      "a int not null comment 'x', `b c` struct<x: double, `y z`: array<int> not null comment 'q'>",
      "struct<a:int,b c:struct<x:double,y z:array<int>>>"
    ),
    (
      "a DECIMAL, b DEC(5), c NUMERIC(10,2), d decimal(38,38)",
      "struct<a:decimal(10,0),b:decimal(5,0),c:decimal(10,2),d:decimal(38,38)>"
    ),
    (
      "a INTEGER, b LONG, c SHORT, d BYTE, e REAL, f FLOAT, g DOUBLE",
      "struct<a:int,b:bigint,c:smallint,d:tinyint,e:float,f:float,g:double>"
    ),
    (
      "e DATE, f TIMESTAMP, g TIMESTAMP_NTZ, h TIMESTAMP_LTZ, i TIMESTAMP WITHOUT TIME ZONE",
      "struct<e:date,f:timestamp,g:timestamp_ntz,h:timestamp,i:timestamp_ntz>"
    ),
    (
      "a INTERVAL DAY TO SECOND, b INTERVAL YEAR, c INTERVAL YEAR TO MONTH, d INTERVAL "
        + "HOUR TO MINUTE",
      "struct<a:interval day to second,b:interval year,c:interval year to month,"
        + "d:interval hour to minute>"
    ),
    (
      "a MAP<STRING, INT>, b MAP<STRING,ARRAY<STRUCT<a:INT>>>",
      "struct<a:map<string,int>,b:map<string,array<struct<a:int>>>>"
    ),
    ("a STRUCT<>, 1a INT, a INT, A INT", "struct<a:struct<>,1a:int,a:int,A:int>"),
    (
      "select INT, from STRING, timestamp TIMESTAMP",
      "struct<select:int,from:string,timestamp:timestamp>"
    ),
    ("/* c */ a INT -- x", "struct<a:int>"),
    ("a VOID, b CHAR(3), c VARCHAR(5)", "struct<a:void,b:string,c:string>"),
    ("a: INT, b: bigint", "struct<a:int,b:bigint>"),
  ])
  func schemasAreRead(_ ddl: String, _ simple: String) throws {
    let schema = try Schema(ddl: ddl)
    #expect(schema.simpleString == simple)
    #expect(try Schema(ddl: schema.ddl) == schema)
    #expect(try DataType(ddl: "\(DataType.structure(schema.fields))") == .structure(schema.fields))
  }

  @Test(arguments: [
    ("a GEOMETRY", "UNSUPPORTED_DATATYPE"), ("a VARIANT", "UNSUPPORTED_DATATYPE"),
    ("a TIME(3)", "UNSUPPORTED_DATATYPE"), ("a NULL", "UNSUPPORTED_DATATYPE"),
    ("a foo", "UNSUPPORTED_DATATYPE"), ("a INT,", "PARSE_SYNTAX_ERROR"),
    ("", "PARSE_EMPTY_STATEMENT"), ("a", "PARSE_SYNTAX_ERROR"),
    ("a INT b INT", "PARSE_SYNTAX_ERROR"),
    ("a-b INT", "INVALID_IDENTIFIER"), ("é INT", "INVALID_IDENTIFIER"),
    ("a DECIMAL(39,2)", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION"),
    ("a DECIMAL(5,6)", "DECIMAL_SCALE_EXCEEDS_PRECISION"),
    ("a INT DEFAULT 5", "PARSE_SYNTAX_ERROR"),
    ("a CHAR", "DATATYPE_MISSING_SIZE"), ("a ARRAY", "INCOMPLETE_TYPE_DEFINITION.ARRAY"),
    ("a ARRAY<INT", "PARSE_SYNTAX_ERROR"), ("a INT(5)", "UNSUPPORTED_DATATYPE"),
    ("a INTERVAL MONTH TO YEAR", "PARSE_SYNTAX_ERROR"),
    ("a INTERVAL DAY TO MONTH", "PARSE_SYNTAX_ERROR"),
    ("a `INT`", "UNSUPPORTED_DATATYPE"), ("a map<int>", "PARSE_SYNTAX_ERROR"),
    ("int", "PARSE_SYNTAX_ERROR"),
    ("a.b INT", "PARSE_SYNTAX_ERROR"), ("struct<a:int>", "PARSE_SYNTAX_ERROR"),
  ])
  func badSchemasAreRefused(_ ddl: String, _ condition: String) {
    #expect { try Schema(ddl: ddl) } throws: { ($0 as? Failure)?.condition == condition }
  }

  @Test func typesAndSuggestions() throws {
    #expect(try DataType(ddl: "array<int>") == .array(.int, containsNull: true))
    #expect(try DataType(ddl: "a int") == .structure([Field("a", .int)]))
    #expect { try DataType(ddl: "DATETIME") } throws: {
      ($0 as? Failure)?.hint == "Did you mean `TIMESTAMP`?"
    }
    #expect { try Schema(ddl: "a STRNG") } throws: {
      ($0 as? Failure)?.hint?.contains("`STRING`") == true
    }
    let deep = String(repeating: "ARRAY<", count: 100_000)
    #expect(throws: Failure.self) { try DataType(ddl: deep) }
  }

  @Test func tree() throws {
    let schema = try Schema(
      ddl: "a MAP<STRING, INT>, b STRUCT<x: INT NOT NULL, y: ARRAY<STRUCT<z: BIGINT>>>")
    #expect(
      schema.treeString == """
        root
         |-- a: map (nullable = true)
         |    |-- key: string
         |    |-- value: integer (valueContainsNull = true)
         |-- b: struct (nullable = true)
         |    |-- x: integer (nullable = false)
         |    |-- y: array (nullable = true)
         |    |    |-- element: struct (containsNull = true)
         |    |    |    |-- z: long (nullable = true)

        """)
  }
}
