/// Answers of Spark 4.3 (ANSI mode, zone UTC) over one row of the table in `OperatorTests`: the
/// expression, then the column's name, type and value as text; or `error` and the class. Separated
/// by tabs; `\n` in a value is a line's end.
enum RecordedOperators {
  static let part1 = ####"""
    a between 1 and 2	between(a, 1, 2)	boolean	true
    a not between 1 and 2	(NOT between(a, 1, 2))	boolean	false
    a <> 2	(NOT (a = 2))	boolean	true
    not bo	(NOT bo)	boolean	false
    !bo	(NOT bo)	boolean	false
    -a	(- a)	int	-1
    +a	(+ a)	int	1
    ~a	~a	int	-2
    - 1	-1	int	-1
    -1	-1	int	-1
    -b	(- b)	bigint	-2
    a is true	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    bo is not true	(NOT (bo <=> true))	boolean	false
    bo is unknown	(bo IS NULL)	boolean	false
    bo is not unknown	(bo IS NOT NULL)	boolean	true
    a is distinct from 2	(NOT (a <=> 2))	boolean	true
    a is not distinct from 2	(a <=> 2)	boolean	false
    a is null	(a IS NULL)	boolean	false
    a is not null	(a IS NOT NULL)	boolean	true
    a in (1, 2)	(a IN (1, 2))	boolean	true
    a not in (1, 2)	(NOT (a IN (1, 2)))	boolean	false
    (a, b) in ((1, 2))	error	DATATYPE_MISMATCH.DATA_DIFF_TYPES	
    s like 'x%'	s LIKE x%	boolean	true
    s not like 'x%'	(NOT s LIKE x%)	boolean	false
    s like 'x!%' escape '!'	s LIKE x!% ESCAPE '!'	boolean	false
    s ilike 'X%'	ilike(s, X%)	boolean	true
    s rlike 'x.*'	RLIKE(s, x.*)	boolean	true
    s regexp 'x'	RLIKE(s, x)	boolean	true
    s like any ('a','x')	likeany(s)	boolean	true
    s like all ('a','x')	likeall(s)	boolean	false
    s not like any ('a','x')	notlikeany(s)	boolean	true
    s || 'y'	concat(s, y)	string	xy
    a % 2	(a % 2)	int	1
    a div 2	(a div 2)	bigint	0
    a / 2	(a / 2)	double	0.5
    a << 2	(a << 2)	int	4
    a >> 1	(a >> 1)	int	0
    a >>> 1	(a >>> 1)	int	0
    a & 1	(a & 1)	int	1
    a | 1	(a | 1)	int	1
    a ^ 1	(a ^ 1)	int	0
    a + b * 2 - 1	((a + (b * 2)) - 1)	bigint	4
    case when a = 1 then 'one' else 'other' end	CASE WHEN (a = 1) THEN one ELSE other END	string	one
    case a when 1 then 'one' when 2 then 'two' end	CASE WHEN (a = 1) THEN one WHEN (a = 2) THEN two END	string	one
    cast(a as string)	a	string	1
    try_cast(s as int)	s	int	NULL
    a::string	a	string	1
    cast(a as decimal(10,2))	a	decimal(10,2)	1.00
    xs[0]	xs[0]	int	1
    m['k']	m[k]	int	1
    st.f	f	int	1
    st['f']	st.f	int	1
    t.st.f	f	int	1
    ast.f	f	array<int>	[1]
    ast[0].f	ast[0].f	int	1
    interval 10 minutes	INTERVAL '10' MINUTE	interval minute	INTERVAL '10' MINUTE
    interval '10' minute	INTERVAL '10' MINUTE	interval minute	INTERVAL '10' MINUTE
    interval '1-2' year to month	INTERVAL '1-2' YEAR TO MONTH	interval year to month	INTERVAL '1-2' YEAR TO MONTH
    interval '10 minutes'	INTERVAL '10' MINUTE	interval minute	INTERVAL '10' MINUTE
    interval 1 day 2 hours	INTERVAL '1 02' DAY TO HOUR	interval day to hour	INTERVAL '1 02' DAY TO HOUR
    interval '1 10:20:30.5' day to second	INTERVAL '1 10:20:30.5' DAY TO SECOND	interval day to second	INTERVAL '1 10:20:30.5' DAY TO SECOND
    interval 1 week	INTERVAL '7' DAY	interval day	INTERVAL '7' DAY
    interval 2 years	INTERVAL '2' YEAR	interval year	INTERVAL '2' YEAR
    interval -3 months	INTERVAL '-3' MONTH	interval month	INTERVAL '-3' MONTH
    dt + interval 1 day	date_add(dt, extractansiintervaldays(INTERVAL '1' DAY))	date	2020-01-02
    dt + 1	date_add(dt, 1)	date	2020-01-02
    dt - 1	date_sub(dt, 1)	date	2019-12-31
    dt - dt	(dt - dt)	interval day	INTERVAL '0' DAY
    ts - ts	(ts - ts)	interval day to second	INTERVAL '0 00:00:00' DAY TO SECOND
    ts + interval '1' hour	ts + INTERVAL '01' HOUR	timestamp	2020-01-01 11:00:00
    ts - dt	(ts - dt)	interval day to second	INTERVAL '0 10:00:00' DAY TO SECOND
    dt - ts	(dt - ts)	interval day to second	INTERVAL '-0 10:00:00' DAY TO SECOND
    interval 1 day * 2	(INTERVAL '1' DAY * 2)	interval day to second	INTERVAL '2 00:00:00' DAY TO SECOND
    2 * interval 1 day	(INTERVAL '1' DAY * 2)	interval day to second	INTERVAL '2 00:00:00' DAY TO SECOND
    interval 1 day / 2	(INTERVAL '1' DAY / 2)	interval day to second	INTERVAL '0 12:00:00' DAY TO SECOND
    interval 1 day + interval 2 hours	(INTERVAL '1' DAY + INTERVAL '02' HOUR)	interval day to hour	INTERVAL '1 02' DAY TO HOUR
    -interval 1 day	(- INTERVAL '1' DAY)	interval day	INTERVAL '-1' DAY
    date '2020-01-31' + interval 1 month	DATE '2020-01-31' + INTERVAL '1' MONTH	date	2020-02-29
    date '2020-01-01'	DATE '2020-01-01'	date	2020-01-01
    timestamp '2020-01-01 00:00:00'	TIMESTAMP '2020-01-01 00:00:00'	timestamp	2020-01-01 00:00:00
    timestamp_ntz '2020-01-01 00:00:00'	TIMESTAMP_NTZ '2020-01-01 00:00:00'	timestamp_ntz	2020-01-01 00:00:00
    1L	1	bigint	1
    1S	1	smallint	1
    1Y	1	tinyint	1
    1.5D	1.5	double	1.5
    1.5F	1.5	float	1.5
    1.5BD	1.5	decimal(2,1)	1.5
    1.5	1.5	decimal(2,1)	1.5
    1e5	100000.0	double	100000.0
    1e3BD	1000	decimal(4,0)	1000
    0.05	0.05	decimal(2,2)	0.05
    .5	0.5	decimal(1,1)	0.5
    5.	5	decimal(1,0)	5
    100000000000	100000000000	bigint	100000000000
    99999999999999999999	99999999999999999999	decimal(20,0)	99999999999999999999
    'it''s'	it's	string	it's
    r'a\nb'	a\nb	string	a\nb
    "dq"	dq	string	dq
    'a\%b'	a\%b	string	a\%b
    null	NULL	void	NULL
    true	true	boolean	true
    upper(s)	upper(s)	string	X
    extract(year from dt)	extract(year FROM dt)	int	2020
    substring(s from 1 for 2)	substring(s, 1, 2)	string	x
    substr(s, 1)	substr(s, 1, 2147483647)	string	x
    trim(both 'x' from s)	TRIM(BOTH x FROM s)	string	
    trim(s)	trim(s)	string	x
    trim(leading from s)	ltrim(s)	string	x
    position('x' in s)	locate(x, s, 1)	int	1
    overlay(s placing 'y' from 1 for 1)	overlay(s, y, 1, 1)	string	y
    timestampadd(hour, 1, ts)	timestampadd(hour, 1, ts)	timestamp	2020-01-01 11:00:00
    timestampdiff(hour, ts, ts)	timestampdiff(hour, ts, ts)	bigint	0
    dateadd(day, 1, dt)	timestampadd(day, 1, dt)	timestamp	2020-01-02 00:00:00
    datediff(day, dt, dt)	timestampdiff(day, dt, dt)	bigint	0
    date_diff(dt, dt)	date_diff(dt, dt)	int	0
    if(a = 1, 'x', 'y')	(IF((a = 1), x, y))	string	x
    coalesce(a, b)	coalesce(a, b)	bigint	1
    nvl(a, b)	nvl(a, b)	bigint	1
    ifnull(a, 'x')	ifnull(a, x)	bigint	1
    nullif(a, 1)	nullif(a, 1)	int	NULL
    struct(a, b as c, a + 1)	struct(a, b AS c, (a + 1))	struct<a:int,c:bigint,col3:int>	{1, 2, 2}
    named_struct('x', a)	named_struct(x, a)	struct<x:int>	{1}
    array(a, b)	array(a, b)	array<bigint>	[1, 2]
    map('a', a)	map(a, a)	map<string,int>	{a -> 1}
    a + d	(a + d)	double	2.5
    a + dc	(a + dc)	decimal(13,2)	2.25
    dc + dc	(dc + dc)	decimal(11,2)	2.50
    dc * dc	(dc * dc)	decimal(21,4)	1.5625
    dc / dc	(dc / dc)	decimal(23,13)	1.0000000000000
    dc % dc	(dc % dc)	decimal(10,2)	0.00
    a + s	error	CAST_INVALID_INPUT	
    a = s	error	CAST_INVALID_INPUT	
    d = s	error	CAST_INVALID_INPUT	
    dt = s	error	CAST_INVALID_INPUT	
    s = ts	error	CAST_INVALID_INPUT	
    dt = ts	(dt = ts)	boolean	false
    bo = s	error	CAST_INVALID_INPUT	
    a = bo	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    a + true	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    s + s	error	DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE	
    fl + a	(fl + a)	double	2.5
    fl + b	(fl + b)	double	3.5
    a / 0	error	DIVIDE_BY_ZERO	
    a % 0	error	REMAINDER_BY_ZERO	
    a div 0	error	DIVIDE_BY_ZERO	
    2147483647 + a	error	ARITHMETIC_OVERFLOW	
    -9223372036854775808	-9223372036854775808	bigint	-9223372036854775808
    - 9223372036854775808	-9223372036854775808	bigint	-9223372036854775808
    9223372036854775807 + 1	error	ARITHMETIC_OVERFLOW	
    ty + 127Y	error	BINARY_ARITHMETIC_OVERFLOW	
    a and bo	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    array(1) = array(1L)	(array(1) = array(1))	boolean	true
    st < st	(st < st)	boolean	false
    m = m	error	DATATYPE_MISMATCH.INVALID_ORDERING_TYPE	
    xs < array(1,3)	(xs < array(1, 3))	boolean	true
    greatest(a, b, d)	greatest(a, b, d)	double	2.0
    a <=> null	(a <=> NULL)	boolean	false
    null = null	(NULL = NULL)	boolean	NULL
    'a' > 1	error	CAST_INVALID_INPUT	
    dt > '2020'	(dt > 2020)	boolean	false
    a as x	x	int	1
    a x	x	int	1
    bi || bi	concat(bi, bi)	binary	AA
    s || bi	concat(s, bi)	string	xA
    a || b	concat(a, b)	string	12
    xs || array(3)	concat(xs, array(3))	array<int>	[1, 2, 3]
    cast(null as int)	CAST(NULL AS INT)	int	NULL
    isnull(a)	(a IS NULL)	boolean	false
    a == 1	(a = 1)	boolean	true
    isnotnull(a)	(a IS NOT NULL)	boolean	true
    not a = 1 and bo	((NOT (a = 1)) AND bo)	boolean	false
    1 + 2	(1 + 2)	int	3
    cast(1 as string)	CAST(1 AS STRING)	string	1
    aa	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    t.aa	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    st.zz	error	FIELD_NOT_FOUND	
    uper(s)	error	UNRESOLVED_ROUTINE	
    upper(s, s)	error	WRONG_NUM_ARGS.WITHOUT_SUGGESTION	
    upper()	error	WRONG_NUM_ARGS.WITHOUT_SUGGESTION	
    upper(xs)	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    a.b	error	INVALID_EXTRACT_BASE_FIELD_TYPE	
    xs.f	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    s[0]	error	INVALID_EXTRACT_BASE_FIELD_TYPE	
    xs['a']	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    m[1]	m[1]	int	NULL
    cast(dt as int)	error	DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION	
    cast(xs as string)	xs	string	[1, 2]
    cast(m as string)	m	string	{k -> 1}
    cast(st as string)	st	string	{1, y}
    cast(ast as string)	ast	string	[{1}]
    cast(array(null, 1) as string)	CAST(array(NULL, 1) AS STRING)	string	[null, 1]
    cast(interval 1 day as string)	CAST(INTERVAL '1' DAY AS STRING)	string	INTERVAL '1' DAY
    cast(interval '1-2' year to month as string)	CAST(INTERVAL '1-2' YEAR TO MONTH AS STRING)	string	INTERVAL '1-2' YEAR TO MONTH
    cast('12' as int)	CAST(12 AS INT)	int	12
    cast(' 12 ' as int)	CAST( 12  AS INT)	int	12
    cast('12.7' as int)	error	CAST_INVALID_INPUT	
    cast('99999999999' as int)	error	CAST_INVALID_INPUT	
    cast('1e2' as double)	CAST(1e2 AS DOUBLE)	double	100.0
    cast('nan' as double)	CAST(nan AS DOUBLE)	double	NaN
    cast('inf' as float)	CAST(inf AS FLOAT)	float	Infinity
    cast('abc' as double)	error	CAST_INVALID_INPUT	
    cast('true' as boolean)	CAST(true AS BOOLEAN)	boolean	true
    cast('yes' as boolean)	CAST(yes AS BOOLEAN)	boolean	true
    cast('maybe' as boolean)	error	CAST_INVALID_INPUT	
    cast('2020-02-30' as date)	error	CAST_INVALID_INPUT	
    cast('2020-2-3' as date)	CAST(2020-2-3 AS DATE)	date	2020-02-03
    cast('2020-01-01 10:11:12.123456' as timestamp)	CAST(2020-01-01 10:11:12.123456 AS TIMESTAMP)	timestamp	2020-01-01 10:11:12.123456
    cast('2020-01-01T10:11:12Z' as timestamp)	CAST(2020-01-01T10:11:12Z AS TIMESTAMP)	timestamp	2020-01-01 10:11:12
    cast('2020-01-01T10:11:12+02:00' as timestamp)	CAST(2020-01-01T10:11:12+02:00 AS TIMESTAMP)	timestamp	2020-01-01 08:11:12
    cast('2020-01-01' as timestamp)	CAST(2020-01-01 AS TIMESTAMP)	timestamp	2020-01-01 00:00:00
    cast('x' as timestamp)	error	CAST_INVALID_INPUT	
    cast('2020-01-01 10:11:12' as timestamp_ntz)	CAST(2020-01-01 10:11:12 AS TIMESTAMP_NTZ)	timestamp_ntz	2020-01-01 10:11:12
    cast('1.239' as decimal(5,2))	CAST(1.239 AS DECIMAL(5,2))	decimal(5,2)	1.24
    cast('12345.6' as decimal(5,2))	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    cast('abc' as decimal(5,2))	error	CAST_INVALID_INPUT	
    cast('1e3' as decimal(10,0))	CAST(1e3 AS DECIMAL(10,0))	decimal(10,0)	1000
    try_cast('abc' as int)	TRY_CAST(abc AS INT)	int	NULL
    try_cast('12345.6' as decimal(5,2))	TRY_CAST(12345.6 AS DECIMAL(5,2))	decimal(5,2)	NULL
    try_cast(1000 as tinyint)	TRY_CAST(1000 AS TINYINT)	tinyint	NULL
    cast(1000 as tinyint)	error	CAST_OVERFLOW	
    cast(127 as tinyint)	CAST(127 AS TINYINT)	tinyint	127
    cast(3000000000 as int)	error	CAST_OVERFLOW	
    cast(1.9D as int)	CAST(1.9 AS INT)	int	1
    cast(-1.9D as int)	CAST(-1.9 AS INT)	int	-1
    cast(double('NaN') as int)	error	CAST_OVERFLOW	
    cast(1e20D as bigint)	error	CAST_OVERFLOW	
    cast(1e10D as int)	error	CAST_OVERFLOW	
    cast(1.999BD as int)	CAST(1.999 AS INT)	int	1
    cast(-1.999BD as int)	CAST(-1.999 AS INT)	int	-1
    cast(300.5BD as tinyint)	error	CAST_OVERFLOW	
    cast(a as boolean)	a	boolean	true
    cast(0 as boolean)	CAST(0 AS BOOLEAN)	boolean	false
    cast(bo as int)	bo	int	1
    cast(bo as double)	bo	double	1.0
    cast(bo as decimal(3,1))	bo	decimal(3,1)	1.0
    cast(bo as string)	bo	string	true
    cast(d as decimal(10,3))	d	decimal(10,3)	1.500
    cast(1.005D as decimal(10,2))	CAST(1.005 AS DECIMAL(10,2))	decimal(10,2)	1.01
    cast(123456.789D as decimal(5,1))	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    cast(dc as double)	dc	double	1.25
    cast(dc as float)	dc	float	1.25
    cast(dc as decimal(5,1))	dc	decimal(5,1)	1.3
    cast(dc as decimal(2,2))	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    cast(dc as string)	dc	string	1.25
    cast(d as string)	d	string	1.5
    cast(1e10D as string)	CAST(1.0E10 AS STRING)	string	1.0E10
    cast(1e-5D as string)	CAST(1.0E-5 AS STRING)	string	1.0E-5
    cast(123456789.125D as string)	CAST(1.23456789125E8 AS STRING)	string	1.23456789125E8
    cast(1.1f as double)	CAST(1.1 AS DOUBLE)	double	1.100000023841858
    cast(1.1f as string)	CAST(1.1 AS STRING)	string	1.1
    cast(1.1f as decimal(10,5))	CAST(1.1 AS DECIMAL(10,5))	decimal(10,5)	1.10000
    cast(dt as string)	dt	string	2020-01-01
    cast(dt as timestamp)	dt	timestamp	2020-01-01 00:00:00
    cast(dt as timestamp_ntz)	dt	timestamp_ntz	2020-01-01 00:00:00
    cast(ts as date)	ts	date	2020-01-01
    cast(ts as timestamp_ntz)	ts	timestamp_ntz	2020-01-01 10:00:00
    cast(tn as timestamp)	tn	timestamp	2020-01-01 10:00:00
    cast(tn as date)	tn	date	2020-01-01
    cast(ts as bigint)	ts	bigint	1577872800
    cast(ts as double)	ts	double	1.5778728E9
    cast(ts as decimal(20,6))	ts	decimal(20,6)	1577872800.000000
    cast(ts as int)	ts	int	1577872800
    cast(ts as tinyint)	error	CAST_OVERFLOW	
    cast(1577872800 as timestamp)	CAST(1577872800 AS TIMESTAMP)	timestamp	2020-01-01 10:00:00
    cast(1577872800.5D as timestamp)	CAST(1.5778728005E9 AS TIMESTAMP)	timestamp	2020-01-01 10:00:00.5
    cast(1577872800.123456BD as timestamp)	CAST(1577872800.123456 AS TIMESTAMP)	timestamp	2020-01-01 10:00:00.123456
    cast(tn as bigint)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(dt as bigint)	error	DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION	
    cast(bo as date)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(a as date)	error	DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION	
    cast(a as binary)	error	DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION	
    cast('a' as binary)	CAST(a AS BINARY)	binary	a
    cast(bi as string)	bi	string	A
    cast(bi as int)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(xs as array<string>)	xs	array<string>	[1, 2]
    cast(xs as array<bigint>)	xs	array<bigint>	[1, 2]
    cast(array('1','x') as array<int>)	error	CAST_INVALID_INPUT	
    cast(st as struct<a:string,b:string>)	st	struct<a:string,b:string>	{1, y}
    cast(m as map<string,double>)	m	map<string,double>	{k -> 1.0}
    cast(xs as int)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(1 as array<int>)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(st as struct<a:int>)	error	DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION	
    cast(interval 10 minutes as string)	CAST(INTERVAL '10' MINUTE AS STRING)	string	INTERVAL '10' MINUTE
    cast(interval '1 02:03:04.5' day to second as interval day)	CAST(INTERVAL '1 02:03:04.5' DAY TO SECOND AS INTERVAL DAY)	interval day	INTERVAL '1' DAY
    cast(interval 90 minutes as interval hour)	CAST(INTERVAL '90' MINUTE AS INTERVAL HOUR)	interval hour	INTERVAL '01' HOUR
    cast(interval 25 months as interval year)	CAST(INTERVAL '25' MONTH AS INTERVAL YEAR)	interval year	INTERVAL '2' YEAR
    cast(interval 10 minutes as int)	CAST(INTERVAL '10' MINUTE AS INT)	int	10
    cast(5 as interval minute)	CAST(5 AS INTERVAL MINUTE)	interval minute	INTERVAL '05' MINUTE
    cast(5 as interval month)	CAST(5 AS INTERVAL MONTH)	interval month	INTERVAL '5' MONTH
    cast('10' as interval minute)	CAST(10 AS INTERVAL MINUTE)	interval minute	INTERVAL '10' MINUTE
    cast('1-2' as interval year to month)	CAST(1-2 AS INTERVAL YEAR TO MONTH)	interval year to month	INTERVAL '1-2' YEAR TO MONTH
    cast("INTERVAL '1-2' YEAR TO MONTH" as interval year to month)	CAST(INTERVAL '1-2' YEAR TO MONTH AS INTERVAL YEAR TO MONTH)	interval year to month	INTERVAL '1-2' YEAR TO MONTH
    cast('1 02:03:04' as interval day to second)	CAST(1 02:03:04 AS INTERVAL DAY TO SECOND)	interval day to second	INTERVAL '1 02:03:04' DAY TO SECOND
    cast('x' as interval day)	error	INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE	
    cast(interval 100 months as interval year to month)	CAST(INTERVAL '100' MONTH AS INTERVAL YEAR TO MONTH)	interval year to month	INTERVAL '8-4' YEAR TO MONTH
    interval 90 seconds	INTERVAL '90' SECOND	interval second	INTERVAL '90' SECOND
    interval 1.5 seconds	INTERVAL '01.5' SECOND	interval second	INTERVAL '01.5' SECOND
    interval 500 milliseconds	INTERVAL '00.5' SECOND	interval second	INTERVAL '00.5' SECOND
    interval '10:20' minute to second	INTERVAL '10:20' MINUTE TO SECOND	interval minute to second	INTERVAL '10:20' MINUTE TO SECOND
    interval '1 10' day to hour	INTERVAL '1 10' DAY TO HOUR	interval day to hour	INTERVAL '1 10' DAY TO HOUR
    """####
  static let part2 = ####"""
    interval '1 day' 	INTERVAL '1' DAY	interval day	INTERVAL '1' DAY
    interval '1 day 2 hours'	INTERVAL '1 02' DAY TO HOUR	interval day to hour	INTERVAL '1 02' DAY TO HOUR
    interval '-1 day'	INTERVAL '-1' DAY	interval day	INTERVAL '-1' DAY
    interval -'10' day	INTERVAL '-10' DAY	interval day	INTERVAL '-10' DAY
    interval - 10 day	INTERVAL '-10' DAY	interval day	INTERVAL '-10' DAY
    interval 10 foo	error	PARSE_SYNTAX_ERROR	
    dt + interval 2 months	dt + INTERVAL '2' MONTH	date	2020-03-01
    dt - interval 1 month	dt - INTERVAL '1' MONTH	date	2019-12-01
    dt + interval 1 year	dt + INTERVAL '1' YEAR	date	2021-01-01
    dt + interval 1 hour	dt + INTERVAL '01' HOUR	timestamp	2020-01-01 01:00:00
    ts + interval 1 month	ts + INTERVAL '1' MONTH	timestamp	2020-02-01 10:00:00
    ts - interval 1 day	ts - INTERVAL '1' DAY	timestamp	2019-12-31 10:00:00
    ts + interval 1 day	ts + INTERVAL '1' DAY	timestamp	2020-01-02 10:00:00
    interval 1 day + ts	ts + INTERVAL '1' DAY	timestamp	2020-01-02 10:00:00
    tn + interval 1 hour	tn + INTERVAL '01' HOUR	timestamp_ntz	2020-01-01 11:00:00
    ts + 1	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    dt + b	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    dt + '1'	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    ts - '2019-12-31'	(ts - 2019-12-31)	interval day to second	INTERVAL '1 10:00:00' DAY TO SECOND
    dt - '2019-12-31'	(dt - 2019-12-31)	interval day	INTERVAL '1' DAY
    '2020-01-05' - dt	(2020-01-05 - dt)	interval day	INTERVAL '4' DAY
    tn - dt	(tn - dt)	interval day to second	INTERVAL '0 10:00:00' DAY TO SECOND
    tn - ts	(tn - ts)	interval day to second	INTERVAL '0 00:00:00' DAY TO SECOND
    interval 1 day - interval 25 hours	(INTERVAL '1' DAY - INTERVAL '25' HOUR)	interval day to hour	INTERVAL '-0 01' DAY TO HOUR
    interval 1 year + interval 1 month	(INTERVAL '1' YEAR + INTERVAL '1' MONTH)	interval year to month	INTERVAL '1-1' YEAR TO MONTH
    interval 1 year + interval 1 day	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    interval 1 day * 1.5	(INTERVAL '1' DAY * 1.5)	interval day to second	INTERVAL '1 12:00:00' DAY TO SECOND
    interval 1 day * 1.5D	(INTERVAL '1' DAY * 1.5)	interval day to second	INTERVAL '1 12:00:00' DAY TO SECOND
    interval 7 months / 2	(INTERVAL '7' MONTH / 2)	interval year to month	INTERVAL '0-4' YEAR TO MONTH
    interval 10 seconds / 3	(INTERVAL '10' SECOND / 3)	interval day to second	INTERVAL '0 00:00:03.333333' DAY TO SECOND
    interval 10 seconds / 0	error	INTERVAL_DIVIDED_BY_ZERO	
    interval 10 seconds / 0D	error	INTERVAL_DIVIDED_BY_ZERO	
    interval 1 day * '2'	(INTERVAL '1' DAY * 2)	interval day to second	INTERVAL '2 00:00:00' DAY TO SECOND
    interval 7 months * 2	(INTERVAL '7' MONTH * 2)	interval year to month	INTERVAL '1-2' YEAR TO MONTH
    interval 5 months div interval 2 months	(INTERVAL '5' MONTH div INTERVAL '2' MONTH)	bigint	2
    interval 100 hours div interval 1 day	(INTERVAL '100' HOUR div INTERVAL '1' DAY)	bigint	4
    -interval '1-2' year to month	(- INTERVAL '1-2' YEAR TO MONTH)	interval year to month	INTERVAL '-1-2' YEAR TO MONTH
    interval 1 day > interval 23 hours	(INTERVAL '1' DAY > INTERVAL '23' HOUR)	boolean	true
    interval 1 year = interval 12 months	(INTERVAL '1' YEAR = INTERVAL '12' MONTH)	boolean	true
    interval 1 year = interval 12 days	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    n + 1	(n + 1)	int	NULL
    n = 1	(n = 1)	boolean	NULL
    n is null	(n IS NULL)	boolean	true
    n <=> null	(n <=> NULL)	boolean	true
    n <=> 1	(n <=> 1)	boolean	false
    n and true	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    bo and null	(bo AND NULL)	boolean	NULL
    bo or null	(bo OR NULL)	boolean	true
    false and null	(false AND NULL)	boolean	false
    null and null	(NULL AND NULL)	boolean	NULL
    not null	(NOT NULL)	boolean	NULL
    n in (1, null)	(n IN (1, NULL))	boolean	NULL
    a in (1, null)	(a IN (1, NULL))	boolean	true
    a in (2, null)	(a IN (2, NULL))	boolean	NULL
    a not in (2, null)	(NOT (a IN (2, NULL)))	boolean	NULL
    a in ('1')	(a IN (1))	boolean	true
    s in ('x', 'y')	(s IN (x, y))	boolean	true
    dt in ('2020-01-01')	(dt IN (2020-01-01))	boolean	true
    a between null and 0	between(a, NULL, 0)	boolean	false
    a between 0 and n	between(a, 0, n)	boolean	NULL
    n between 0 and 1	between(n, 0, 1)	boolean	NULL
    sn + 1	(sn + 1)	bigint	13
    sn + 1.5	(sn + 1.5)	double	13.5
    sn + d	(sn + d)	double	13.5
    sn * 2	(sn * 2)	bigint	24
    sn / 2	(sn / 2)	double	6.0
    sn % 5	(sn % 5)	bigint	2
    sn div 5	(sn div 5)	bigint	2
    sn = 12	(sn = 12)	boolean	true
    sn > 2	(sn > 2)	boolean	true
    '2' > '12'	(2 > 12)	boolean	true
    'abc' = 'abc '	(abc = abc )	boolean	false
    ns || 'x'	concat(ns, x)	string	NULL
    concat(s, ns)	concat(s, ns)	string	NULL
    a / 4	(a / 4)	double	0.25
    7 / 2	(7 / 2)	double	3.5
    -7 / 2	(-7 / 2)	double	-3.5
    -7 % 3	(-7 % 3)	int	-1
    7 % -3	(7 % -3)	int	1
    -7 div 2	(-7 div 2)	bigint	-3
    7.5 % 2	(7.5 % 2)	decimal(2,1)	1.5
    -7.5D % 2	(-7.5 % 2)	double	-1.5
    1.0 / 3	(1.0 / 3)	decimal(7,6)	0.333333
    1.0 / 3.0	(1.0 / 3.0)	decimal(8,6)	0.333333
    10.00 / 3	(10.00 / 3)	decimal(8,6)	3.333333
    1 / 3.0	(1 / 3.0)	decimal(8,6)	0.333333
    2 * 1.5	(2 * 1.5)	decimal(4,1)	3.0
    1.1 + 2.22	(1.1 + 2.22)	decimal(4,2)	3.32
    1.1 * 2.22	(1.1 * 2.22)	decimal(6,3)	2.442
    1.1 - 2.22	(1.1 - 2.22)	decimal(4,2)	-1.12
    99999999999999999999.9 * 99999999999999999999.9	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    cast(1 as decimal(38,0)) * cast(1 as decimal(38,0))	(CAST(1 AS DECIMAL(38,0)) * CAST(1 AS DECIMAL(38,0)))	decimal(38,0)	1
    cast(1 as decimal(38,10)) * cast(2 as decimal(38,10))	(CAST(1 AS DECIMAL(38,10)) * CAST(2 AS DECIMAL(38,10)))	decimal(38,6)	2.000000
    cast(1 as decimal(38,10)) / cast(3 as decimal(38,10))	(CAST(1 AS DECIMAL(38,10)) / CAST(3 AS DECIMAL(38,10)))	decimal(38,6)	0.333333
    cast(1 as decimal(38,10)) + cast(3 as decimal(38,5))	(CAST(1 AS DECIMAL(38,10)) + CAST(3 AS DECIMAL(38,5)))	decimal(38,6)	4.000000
    cast('99999999999999999999999999999999999999' as decimal(38,0)) + 1	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    cast('99999999999999999999999999999999999999' as decimal(38,0)) * 10	error	NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION	
    dc + d	(dc + d)	double	2.75
    dc + fl	(dc + fl)	double	2.75
    dc = d	(dc = d)	boolean	false
    dc = 1.25	(dc = 1.25)	boolean	true
    dc > 1	(dc > 1)	boolean	true
    dc div 1	(dc div 1)	bigint	1
    dc % 0	error	REMAINDER_BY_ZERO	
    dc / 0	error	DIVIDE_BY_ZERO	
    5 div 0.0	error	DIVIDE_BY_ZERO	
    d / 0	error	DIVIDE_BY_ZERO	
    d % 0	error	REMAINDER_BY_ZERO	
    0.0D / 0.0D	error	DIVIDE_BY_ZERO	
    double('NaN') = double('NaN')	(NaN = NaN)	boolean	true
    double('NaN') > 1e308D	(NaN > 1.0E308)	boolean	true
    double('NaN') < 1	(NaN < 1)	boolean	false
    -0.0D = 0.0D	(-0.0 = 0.0)	boolean	true
    float('NaN') >= double('NaN')	(NaN >= NaN)	boolean	true
    9223372036854775807 + 1L	error	ARITHMETIC_OVERFLOW	
    -9223372036854775808 - 1L	error	ARITHMETIC_OVERFLOW	
    9223372036854775807 * 2L	error	ARITHMETIC_OVERFLOW	
    (-9223372036854775808) div -1	error	ARITHMETIC_OVERFLOW	
    (-9223372036854775808) % -1	(-9223372036854775808 % -1)	bigint	0
    -(-9223372036854775808)	error	ARITHMETIC_OVERFLOW	
    -(-2147483648)	error	ARITHMETIC_OVERFLOW	
    - sh	(- sh)	smallint	-3
    sh + sh	(sh + sh)	smallint	6
    sh * sh	(sh * sh)	smallint	9
    sh + ty	(sh + ty)	smallint	8
    32767S + 1S	error	BINARY_ARITHMETIC_OVERFLOW	
    127Y + 1Y	error	BINARY_ARITHMETIC_OVERFLOW	
    127Y * 2Y	error	BINARY_ARITHMETIC_OVERFLOW	
    -128Y - 1Y	error	BINARY_ARITHMETIC_OVERFLOW	
    2147483647 * 2	error	ARITHMETIC_OVERFLOW	
    -2147483648 - 1	error	ARITHMETIC_OVERFLOW	
    ty + a	(ty + a)	int	6
    ty & 4Y	(ty & 4)	tinyint	4
    a | 6	(a | 6)	int	7
    a ^ 3	(a ^ 3)	int	2
    b & 3	(b & 3)	bigint	2
    ~b	~b	bigint	-3
    ~ty	~ty	tinyint	-6
    a & 'x'	error	CAST_INVALID_INPUT	
    1.5 & 1	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    1 << 33	(1 << 33)	int	2
    1L << 33	(1 << 33)	bigint	8589934592
    -8 >> 1	(-8 >> 1)	int	-4
    -8 >>> 28	(-8 >>> 28)	int	15
    -8L >>> 60	(-8 >>> 60)	bigint	15
    shiftleft(a, 3)	shiftleft(a, 3)	int	8
    1 + 2 * 3	(1 + (2 * 3))	int	7
    (1 + 2) * 3	((1 + 2) * 3)	int	9
    2 * 3 % 4	((2 * 3) % 4)	int	2
    1 - 2 - 3	((1 - 2) - 3)	int	-4
    8 / 4 / 2	((8 / 4) / 2)	double	1.0
    1 | 2 & 3	(1 | (2 & 3))	int	3
    1 | 2 ^ 3	(1 | (2 ^ 3))	int	1
    5 & 3 = 1	((5 & 3) = 1)	boolean	true
    1 + 1 << 1	((1 + 1) << 1)	int	4
    not true or true	((NOT true) OR true)	boolean	true
    not (true or true)	(NOT (true OR true))	boolean	false
    true or false and false	(true OR (false AND false))	boolean	true
    true and not false	(true AND (NOT false))	boolean	true
    a = 1 and b = 2	((a = 1) AND (b = 2))	boolean	true
    1 < 2 = true	((1 < 2) = true)	boolean	true
    - 2 - -3	(-2 - -3)	int	1
    2 - -1	(2 - -1)	int	3
    - a * 2	((- a) * 2)	int	-2
    -a + ~a	((- a) + ~a)	int	-3
    a is null or b is not null	((a IS NULL) OR (b IS NOT NULL))	boolean	true
    case when n = 1 then 'a' when n is null then 'b' else 'c' end	CASE WHEN (n = 1) THEN a WHEN (n IS NULL) THEN b ELSE c END	string	b
    case when false then 1 end	CASE WHEN false THEN 1 END	int	NULL
    case when true then 1 else 2.5 end	CASE WHEN true THEN 1 ELSE 2.5 END	decimal(11,1)	1.0
    case when true then 1 else 'x' end	CASE WHEN true THEN 1 ELSE x END	bigint	1
    case when a = 1 then 1 else 1 / 0 end	CASE WHEN (a = 1) THEN 1 ELSE (1 / 0) END	double	1.0
    if(a = 1, 1, 1 / 0)	(IF((a = 1), 1, (1 / 0)))	double	1.0
    a = 1 or 1 / 0 = 1	((a = 1) OR ((1 / 0) = 1))	boolean	true
    a = 2 and 1 / 0 = 1	((a = 2) AND ((1 / 0) = 1))	boolean	false
    a = 1 and 1 / 0 = 1	error	DIVIDE_BY_ZERO	
    coalesce(n, 5)	coalesce(n, 5)	int	5
    coalesce(n, s)	error	CAST_INVALID_INPUT	
    coalesce(n, null)	coalesce(n, NULL)	int	NULL
    coalesce(a, 1 / 0)	coalesce(a, (1 / 0))	double	1.0
    nvl(n, 3)	nvl(n, 3)	int	3
    nvl2(n, 1, 2)	nvl2(n, 1, 2)	int	2
    nvl2(a, 1, 2)	nvl2(a, 1, 2)	int	1
    nullif(a, 2)	nullif(a, 2)	int	1
    nullif(a, '1')	nullif(a, 1)	int	NULL
    ifnull(ns, 'z')	ifnull(ns, z)	string	z
    if(n, 1, 2)	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    if(null, 1, 2)	(IF(NULL, 1, 2))	int	2
    if(a, 1, 2)	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    when(a = 1, 2)	CASE WHEN (a = 1) THEN 2 END	int	2
    'abc' like 'a%'	abc LIKE a%	boolean	true
    'abc' like '%c'	abc LIKE %c	boolean	true
    'abc' like '%b%'	abc LIKE %b%	boolean	true
    'abc' like 'a_c'	abc LIKE a_c	boolean	true
    'abc' like 'ab'	abc LIKE ab	boolean	false
    'a%c' like 'a\%c'	a%c LIKE a\%c	boolean	true
    'abc' like 'a\%c'	abc LIKE a\%c	boolean	false
    'a\\c' like 'a\\\\c'	a\c LIKE a\\c	boolean	true
    'été' like '_t_'	été LIKE _t_	boolean	true
    '' like '%'	 LIKE %	boolean	true
    '' like ''	 LIKE 	boolean	true
    'abc' like '%%c'	abc LIKE %%c	boolean	true
    'abcabc' like '%b%c'	abcabc LIKE %b%c	boolean	true
    'aXbXc' like 'a%X_'	aXbXc LIKE a%X_	boolean	true
    ns like 'a'	ns LIKE a	boolean	NULL
    'a' like null	a LIKE NULL	boolean	NULL
    'abc' like 'abc\\'	error	INVALID_FORMAT.ESC_AT_THE_END	
    'ABC' ilike 'a%'	ilike(ABC, a%)	boolean	true
    'ÉTÉ' ilike 'ét_'	ilike(ÉTÉ, ét_)	boolean	true
    'abc' not like 'a%'	(NOT abc LIKE a%)	boolean	false
    'abc' like any ('x', 'a%')	likeany(abc)	boolean	true
    'abc' like all ('a%', '%c')	likeall(abc)	boolean	true
    'abc' not like all ('x', 'y')	notlikeall(abc)	boolean	true
    'a_c' like 'a!_c' escape '!'	a_c LIKE a!_c ESCAPE '!'	boolean	true
    'abc' rlike '^a.c$'	RLIKE(abc, ^a.c$)	boolean	true
    'abc' rlike 'z'	RLIKE(abc, z)	boolean	false
    s regexp '[a-z]'	RLIKE(s, [a-z])	boolean	true
    'a' rlike '('	error	INVALID_PARAMETER_VALUE.PATTERN	
    xs[5]	error	INVALID_ARRAY_INDEX	
    xs[-1]	error	INVALID_ARRAY_INDEX	
    xs[n]	xs[n]	int	NULL
    xs[b]	error	INVALID_ARRAY_INDEX	
    m['zz']	m[zz]	int	NULL
    m[ns]	m[ns]	int	NULL
    st.F	F	int	1
    ST.f	f	int	1
    T.A	A	int	1
    `a`	a	int	1
    `a` + `b`	(a + b)	bigint	3
    st.`f`	f	int	1
    ast.f[0]	ast.f[0]	int	1
    named_struct('a', 1).a	named_struct(a, 1).a	int	1
    xs = array(1, 2)	(xs = array(1, 2))	boolean	true
    xs < array(1, 2, 3)	(xs < array(1, 2, 3))	boolean	true
    array(1, null) = array(1, null)	(array(1, NULL) = array(1, NULL))	boolean	true
    array(null) < array(1)	(array(NULL) < array(1))	boolean	true
    st = named_struct('f', 1, 'g', 'y')	(st = named_struct(f, 1, g, y))	boolean	true
    st < named_struct('f', 1, 'g', 'z')	(st < named_struct(f, 1, g, z))	boolean	true
    array(1, 2.5)	array(1, 2.5)	array<decimal(11,1)>	[1.0, 2.5]
    array('a', 1)	error	CAST_INVALID_INPUT	
    struct(1, 'a')	struct(1, a)	struct<col1:int,col2:string>	{1, a}
    bi = X'41'	(bi = X'41')	boolean	true
    X'41' < X'42'	(X'41' < X'42')	boolean	true
    bo > false	(bo > false)	boolean	true
    dt > date'2019-12-31'	(dt > DATE '2019-12-31')	boolean	true
    dt < ts	(dt < ts)	boolean	true
    ts = tn	(ts = tn)	boolean	true
    dt = '2020-01-01'	(dt = 2020-01-01)	boolean	true
    ts > '2020-01-01'	(ts > 2020-01-01)	boolean	true
    ts = 1	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    bo = 1	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    'true' = bo	(true = bo)	boolean	true
    a > dt	error	DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES	
    1 = 1.0	(1 = 1.0)	boolean	true
    1 = 1.0D	(1 = 1.0)	boolean	true
    0.1 + 0.2 = 0.3	((0.1 + 0.2) = 0.3)	boolean	true
    0.1D + 0.2D = 0.3D	((0.1 + 0.2) = 0.3)	boolean	false
    1 <=> 1.0	(1 <=> 1.0)	boolean	true
    '1' <=> 1	(1 <=> 1)	boolean	true
    a == b	(a = b)	boolean	false
    a != b	(NOT (a = b))	boolean	true
    a <> n	(NOT (a = n))	boolean	NULL
    0x10	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    1.5e3	1500.0	double	1500.0
    1.5E-3D	0.0015	double	0.0015
    -1.5	-1.5	decimal(2,1)	-1.5
    -.5	-0.5	decimal(1,1)	-0.5
    1e400	error	INVALID_NUMERIC_LITERAL_RANGE	
    128Y	error	INVALID_NUMERIC_LITERAL_RANGE	
    99999S	error	INVALID_NUMERIC_LITERAL_RANGE	
    9999999999999999999999999999999999999999	error	DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION	
    1.0BD	1.0	decimal(2,1)	1.0
    100BD	100	decimal(3,0)	100
    1e2BD	100	decimal(3,0)	100
    '\u0041\101'	AA	string	AA
    'a''b'	a'b	string	a'b
    "a\"b"	a"b	string	a"b
    r'\d'	\d	string	\d
    '\%\_'	\%\_	string	\%\_
    'a\\nb'	a\nb	string	a\nb
    date '2020-13-01'	error	INVALID_TYPED_LITERAL	
    date '2020'	DATE '2020-01-01'	date	2020-01-01
    timestamp '2020-01-01'	TIMESTAMP '2020-01-01 00:00:00'	timestamp	2020-01-01 00:00:00
    timestamp '2020-01-01 00:00:00+01:00'	TIMESTAMP '2019-12-31 23:00:00'	timestamp	2019-12-31 23:00:00
    timestamp '2020-01-01 10:00:00.5'	TIMESTAMP '2020-01-01 10:00:00.5'	timestamp	2020-01-01 10:00:00.5
    timestamp_ltz '2020-01-01'	TIMESTAMP '2020-01-01 00:00:00'	timestamp	2020-01-01 00:00:00
    timestamp_ntz '2020-01-01 01:02:03'	TIMESTAMP_NTZ '2020-01-01 01:02:03'	timestamp_ntz	2020-01-01 01:02:03
    X'zz'	error	INVALID_TYPED_LITERAL	
    cast(1 as foo)	error	UNSUPPORTED_DATATYPE	
    cast(1 as decimal(39,0))	error	DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION	
    cast(1 as decimal(5,6))	error	DECIMAL_SCALE_EXCEEDS_PRECISION	
    1::bigint	CAST(1 AS BIGINT)	bigint	1
    '1'::int + 1	(CAST(1 AS INT) + 1)	int	2
    a::decimal(5,1)	a	decimal(5,1)	1.0
    xs::array<string>	xs	array<string>	[1, 2]
    '1'::int::string	CAST(CAST(1 AS INT) AS STRING)	string	1
    -1::string	CAST(-1 AS STRING)	string	-1
    try_add(2147483647, 1)	try_add(2147483647, 1)	int	NULL
    try_subtract(1, n)	try_subtract(1, n)	int	NULL
    try_multiply(9223372036854775807, 2)	try_multiply(9223372036854775807, 2)	bigint	NULL
    try_divide(1, 0)	try_divide(1, 0)	double	NULL
    """####
  static let part3 = ####"""
    try_divide(7, 2)	try_divide(7, 2)	double	3.5
    try_mod(7, 0)	try_mod(7, 0)	int	NULL
    (1	error	PARSE_SYNTAX_ERROR	
    1 2 3	error	PARSE_SYNTAX_ERROR	
    from	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    select	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    'abc	error	PARSE_SYNTAX_ERROR	
    `abc	error	PARSE_SYNTAX_ERROR	
    case when 1	error	PARSE_SYNTAX_ERROR	
    a in ()	error	INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE	
    cast(1 int)	error	PARSE_SYNTAX_ERROR	
    /* c */ 1 -- d	1	int	1
    1 /* a /* b */ c */ + 1	(1 + 1)	int	2
    /* x	error	UNCLOSED_BRACKETED_COMMENT	
    a ? b	error	PARSE_SYNTAX_ERROR	
    + 'x'	error	CAST_INVALID_INPUT	
    - 'x'	error	CAST_INVALID_INPUT	
    -'5'	(- 5)	double	-5.0
    -n	(- n)	int	NULL
    -true	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    true + true	error	DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE	
    'a' * 'b'	error	DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE	
    '5' * '6'	error	DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE	
    null + null	(NULL + NULL)	double	NULL
    null + 1	(NULL + 1)	int	NULL
    null = 1	(NULL = 1)	boolean	NULL
    null and bo	(NULL AND bo)	boolean	NULL
    null || 'a'	concat(NULL, a)	string	NULL
    1 || 2	concat(1, 2)	string	12
    xs || xs	concat(xs, xs)	array<int>	[1, 2, 1, 2]
    array(1) || array(2L)	concat(array(1), array(2))	array<bigint>	[1, 2]
    dc between 1 and 2	between(dc, 1, 2)	boolean	true
    s between 'a' and 'z'	between(s, a, z)	boolean	true
    dt between '2019-01-01' and '2021-01-01'	between(dt, 2019-01-01, 2021-01-01)	boolean	true
    equal_null(n, null)	equal_null(n, NULL)	boolean	true
    isnull(n)	(n IS NULL)	boolean	true
    isnotnull(n)	(n IS NOT NULL)	boolean	false
    n is not distinct from null	(n <=> NULL)	boolean	true
    bo is true	(bo <=> true)	boolean	true
    n is not null and a = 1	((n IS NOT NULL) AND (a = 1))	boolean	false
    (a, s) in ((1, 'x'))	(named_struct(a, a, s, s) IN (named_struct(col1, 1, col2, x)))	boolean	true
    (1, 2)	named_struct(col1, 1, col2, 2)	struct<col1:int,col2:int>	{1, 2}
    mod(7, 3)	mod(7, 3)	int	1
    positive(5)	(+ 5)	int	5
    a.b.c	error	INVALID_EXTRACT_BASE_FIELD_TYPE	
    zz.a	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    x'41'	X'41'	binary	A
    a L	L	int	1
    1L + 1	(1 + 1)	bigint	2
    2147483648	2147483648	bigint	2147483648
    -2147483648	-2147483648	int	-2147483648
    -2147483649	-2147483649	bigint	-2147483649
    1.	1	decimal(1,0)	1
    .1	0.1	decimal(1,1)	0.1
    1e-2	0.01	double	0.01
    cast(-0.0D as string)	CAST(-0.0 AS STRING)	string	-0.0
    cast(0.0D as decimal(3,1))	CAST(0.0 AS DECIMAL(3,1))	decimal(3,1)	0.0
    cast(1/3D as string)	CAST((1 / 3.0) AS STRING)	string	0.3333333333333333
    cast(100000000D as string)	CAST(1.0E8 AS STRING)	string	1.0E8
    cast(1e7D as string)	CAST(1.0E7 AS STRING)	string	1.0E7
    cast(12345678.9D as string)	CAST(1.23456789E7 AS STRING)	string	1.23456789E7
    cast(0.001D as string)	CAST(0.001 AS STRING)	string	0.001
    cast(0.0001D as string)	CAST(1.0E-4 AS STRING)	string	1.0E-4
    cast(array(1.5D, null) as string)	CAST(array(1.5, NULL) AS STRING)	string	[1.5, null]
    cast(map(1, null) as string)	CAST(map(1, NULL) AS STRING)	string	{1 -> null}
    cast(struct(null, dt, ts) as string)	CAST(struct(NULL, dt, ts) AS STRING)	string	{null, 2020-01-01, 2020-01-01 10:00:00}
    cast(array(array(1), null) as string)	CAST(array(array(1), NULL) AS STRING)	string	[[1], null]
    cast(array(X'41') as string)	CAST(array(X'41') AS STRING)	string	[A]
    cast(array('a', '') as string)	CAST(array(a, ) AS STRING)	string	[a, ]
    transform(xs, x -> x + 1)	transform(xs, lambdafunction((namedlambdavariable() + 1), namedlambdavariable()))	array<int>	[2, 3]
    transform(xs, (x, i) -> x + i)	transform(xs, lambdafunction((namedlambdavariable() + namedlambdavariable()), namedlambdavariable(), namedlambdavariable()))	array<int>	[1, 3]
    filter(xs, x -> x > a)	filter(xs, lambdafunction((namedlambdavariable() > a), namedlambdavariable()))	array<int>	[2]
    exists(xs, x -> x = 2)	exists(xs, lambdafunction((namedlambdavariable() = 2), namedlambdavariable()))	boolean	true
    aggregate(xs, 0, (acc, x) -> acc + x, acc -> acc * 10)	aggregate(xs, 0, lambdafunction((namedlambdavariable() + namedlambdavariable()), namedlambdavariable(), namedlambdavariable()), lambdafunction((namedlambdavariable() * 10), namedlambdavariable()))	int	30
    transform(ast, x -> x.f + a)	transform(ast, lambdafunction((namedlambdavariable().f + a), namedlambdavariable()))	array<int>	[2]
    transform(xs, x -> transform(xs, y -> x * y))	transform(xs, lambdafunction(transform(xs, lambdafunction((namedlambdavariable() * namedlambdavariable()), namedlambdavariable())), namedlambdavariable()))	array<array<int>>	[[1, 2], [2, 4]]
    map_filter(m, (k, v) -> v > 0)	map_filter(m, lambdafunction((namedlambdavariable() > 0), namedlambdavariable(), namedlambdavariable()))	map<string,int>	{k -> 1}
    transform(xs, x -> nope)	error	UNRESOLVED_COLUMN.WITH_SUGGESTION	
    transform(xs, (x, y, z) -> 1)	error	INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH	
    upper(x -> 1)	error	INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION	
    element_at(xs, 1)	element_at(xs, 1)	int	1
    element_at(m, 'k')	element_at(m, k)	int	1
    current_date() = current_date	(current_date() = current_date())	boolean	true
    substring(s, 1)	substring(s, 1, 2147483647)	string	x
    substr(s from 1)	substring(s, 1, 2147483647)	string	x
    overlay('abc' placing 'X' from 2 for 1)	overlay(abc, X, 2, 1)	string	aXc
    trim(both 'x' from 'xax')	TRIM(BOTH x FROM xax)	string	a
    trim('x' from 'xax')	TRIM(BOTH x FROM xax)	string	a
    trim(leading 'x' from 'xax')	TRIM(LEADING x FROM xax)	string	ax
    trim('x', 'xax')	TRIM(BOTH x FROM xax)	string	a
    rtrim('x', 'xax')	TRIM(TRAILING x FROM xax)	string	xa
    btrim('xax', 'x')	btrim(xax, x)	string	a
    extract(hour from ts)	extract(hour FROM ts)	int	10
    extract(second from ts)	extract(second FROM ts)	decimal(8,6)	0.000000
    date_part('year', dt)	date_part(year, dt)	int	2020
    timestampadd(day, 1, ts)	timestampadd(day, 1, ts)	timestamp	2020-01-02 10:00:00
    timestampadd(HOUR, 5, dt)	timestampadd(HOUR, 5, dt)	timestamp	2020-01-01 05:00:00
    date_add(dt, 5)	date_add(dt, 5)	date	2020-01-06
    date_add(day, 5, dt)	timestampadd(day, 5, dt)	timestamp	2020-01-06 00:00:00
    struct(st.*)	struct(st.f AS f, st.g AS g)	struct<f:int,g:string>	{1, y}
    struct(*)	struct(a, b, s, d, dc, xs, m, st, ast, bo, dt, ts, fl, ty, bi, tn, n, sn, ns, sh)	struct<a:int,b:bigint,s:string,d:double,dc:decimal(10,2),xs:array<int>,m:map<string,int>,st:struct<f:int,g:string>,ast:array<struct<f:int>>,bo:boolean,dt:date,ts:timestamp,fl:float,ty:tinyint,bi:binary,tn:timestamp_ntz,n:int,sn:string,ns:string,sh:smallint>	{1, 2, x, 1.5, 1.25, [1, 2], {k -> 1}, {1, y}, [{1}], true, 2020-01-01, 2020-01-01 10:00:00, 1.5, 5, A, 2020-01-01 10:00:00, null, 12, null, 3}
    array(*)	error	DATATYPE_MISMATCH.DATA_DIFF_TYPES	
    concat(s, 'a', 'b')	concat(s, a, b)	string	xab
    s || 'a' || 'b'	concat(concat(s, a), b)	string	xab
    left(s, 1)	left(s, 1)	string	x
    right(s, 1)	right(s, 1)	string	x
    if(a = 1, interval 1 day, interval 2 days)	(IF((a = 1), INTERVAL '1' DAY, INTERVAL '2' DAY))	interval day	INTERVAL '1' DAY
    case when a = 1 then dt else ts end	CASE WHEN (a = 1) THEN dt ELSE ts END	timestamp	2020-01-01 00:00:00
    coalesce(null, dt, '2020-01-01')	coalesce(NULL, dt, 2020-01-01)	date	2020-01-01
    array(dt, ts)	array(dt, ts)	array<timestamp>	[2020-01-01 00:00:00, 2020-01-01 10:00:00]
    array(1, 1.5, 2L)	array(1, 1.5, 2)	array<decimal(21,1)>	[1.0, 1.5, 2.0]
    array(1, null, 'x')	error	CAST_INVALID_INPUT	
    map('a', 1, 'b', 2)['b']	map(a, 1, b, 2)[b]	int	2
    map(1, 'a')[1]	map(1, a)[1]	string	a
    named_struct('x', 1, 'y', named_struct('z', 2)).y.z	named_struct(x, 1, y, named_struct(z, 2)).y.z	int	2
    named_struct('x', 1).X	named_struct(x, 1).X	int	1
    split('a,b,c', ',')[1]	split(a,b,c, ,, -1)[1]	string	b
    xs[a - 1]	xs[(a - 1)]	int	1
    ast[0]['f']	ast[0].f	int	1
    m['k'] + 1	(m[k] + 1)	int	2
    sum(a) over (partition by b)	sum(a) OVER (PARTITION BY b ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)	bigint	1
    explode(xs)	col	int	1
    posexplode(xs)	pos	int	0
    explode(array(1))	col	int	1
    inline(ast)	f	int	1
    stack(2, 1, 2)	col0	int	1
    greatest(1, 2L)	greatest(1, 2)	bigint	2
    date_format(ts, 'yyyy')	date_format(ts, yyyy)	string	2020
    year(dt)	year(dt)	int	2020
    hour(ts)	hour(ts)	int	10
    abs(-5)	abs(-5)	int	5
    round(2.5)	round(2.5, 0)	decimal(2,0)	3
    round(dc, 1)	round(dc, 1)	decimal(10,1)	1.3
    upper(a)	upper(a)	string	1
    length(a)	length(a)	int	1
    upper(dt)	upper(dt)	string	2020-01-01
    concat(a, b)	concat(a, b)	string	12
    concat(dt, s)	concat(dt, s)	string	2020-01-01x
    lower(null)	lower(NULL)	string	NULL
    abs('5')	abs(5)	double	5.0
    year('2020-01-01')	year(2020-01-01)	int	2020
    year(ts)	year(ts)	int	2020
    date_add('2020-01-01', 1)	date_add(2020-01-01, 1)	date	2020-01-02
    date_add(dt, '1')	date_add(dt, 1)	date	2020-01-02
    substring(12345, 2, 3)	substring(12345, 2, 3)	string	234
    repeat('a', '3')	repeat(a, 3)	string	aaa
    array_contains(xs, 1L)	array_contains(xs, 1)	boolean	true
    array_contains(array(1.5), 1)	array_contains(array(1.5), 1)	boolean	false
    instr(12, 2)	instr(12, 2)	int	2
    count(*)	count(1)	bigint	1
    count(1)	count(1)	bigint	1
    count(a, b)	count(a, b)	bigint	1
    count(distinct a, b)	count(DISTINCT a, b)	bigint	1
    sum(a + 1)	sum((a + 1))	bigint	2
    avg(d)	avg(d)	double	1.5
    mean(d)	mean(d)	double	1.5
    max(s)	max(s)	string	x
    min(dt)	min(dt)	date	2020-01-01
    first(a)	first(a)	int	1
    first_value(a)	first_value(a)	int	1
    collect_list(a)	collect_list(a)	array<int>	[1]
    any_value(a)	any_value(a)	int	1
    stddev(d)	stddev(d)	double	NULL
    std(d)	std(d)	double	NULL
    variance(a)	variance(a)	double	NULL
    approx_count_distinct(a)	approx_count_distinct(a)	bigint	1
    min_by(s, a)	min_by(s, a)	string	x
    count_if(a > 0)	count_if((a > 0))	bigint	1
    bool_and(bo)	bool_and(bo)	boolean	true
    every(bo)	every(bo)	boolean	true
    corr(a, d)	corr(a, d)	double	NULL
    sum(xs)	error	DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE	
    avg(dc)	avg(dc)	decimal(14,6)	1.250000
    sum(dc)	sum(dc)	decimal(20,2)	1.25
    sum(distinct a)	sum(DISTINCT a)	bigint	1
    sum(1)	sum(1)	bigint	1
    count(null)	count(NULL)	bigint	0
    sum(a) filter (where bo)	sum(a) FILTER (WHERE bo)	bigint	1
    upper(distinct s)	error	INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX	
    lead(a, 2, 0) over (order by b)	lead(a, 2, 0) OVER (ORDER BY b ASC NULLS FIRST ROWS BETWEEN 2 FOLLOWING AND 2 FOLLOWING)	int	0
    ntile(2) over (order by a)	ntile(2) OVER (ORDER BY a ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)	int	1
    count(*) over (partition by s)	count(1) OVER (PARTITION BY s ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)	bigint	1
    rank() over (partition by s order by a desc)	RANK() OVER (PARTITION BY s ORDER BY a DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)	int	1
    row_number() over (partition by a)	error	WINDOW_FUNCTION_FRAME_NOT_ORDERED	
    rank()	error	WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE	
    """####

  static var all: [[String]] {
    [part1, part2, part3].flatMap { part in
      part.split(separator: "\n").map { line in
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      }
    }
  }
}
