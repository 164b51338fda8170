#pragma once
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The only code of the project that may longjmp. Every function that Lua sees is C; what it does
// for the host happens in a body that returns before an error is raised, so that no Swift frame is
// ever jumped over. Every function here that can raise runs inside a `lua_pcall` and returns a
// status, with Lua's error value on the stack top when it is not 0.

/// The host's side of a registered function: n >= 0 results, `MOONTIDE_RAISE` with the error value
/// on the stack top, or `MOONTIDE_EXHAUSTED` when not even that could be pushed.
typedef int (*moontide_body)(lua_State *_Nonnull lua, void *_Nullable context, int function);

enum { MOONTIDE_RAISE = -1, MOONTIDE_EXHAUSTED = -2 };

/// A status beside Lua's own: the stack cannot grow, and nothing was pushed.
enum { MOONTIDE_NO_ROOM = 100 };

/// What a state may reach: everything, or the allow-list of functions that must be repeatable.
enum { MOONTIDE_WHOLE = 0, MOONTIDE_PURE = 1 };

/// One Lua state and what its host keeps beside it.
typedef struct moontide_host {
  lua_State *_Nullable lua;
  moontide_body _Nullable body;
  void *_Nullable context;
  bool isPure;
  /// Bytes in use, the most there were, and the most there may be (0: no limit).
  size_t used, peak, limit;
  /// How long one call may compute (0: no limit), and what the call that runs was given.
  int64_t timeoutNs, grantedNs;
  /// Why the code that runs is to end: bits.
  int32_t stop;
  /// A call is under way.
  bool isActive;
  /// Memory ran out or a deadline was over: the state is not to be used again.
  bool isSpent, isExhausted;
  /// The coroutines that run, innermost first, how deep they are nested, and how many are alive.
  struct running *_Nullable running;
  int32_t depth, coroutines;
  struct moontide_host *_Nullable previous, *_Nullable next;
  /// The clock of the batch that runs, microseconds since the epoch.
  int64_t batchTimeUs;
  /// Rows lent to a function are good while this stays what it was when they were lent.
  uint64_t loan;
  /// Allocations so far, and the one that fails (0: none): for tests.
  int64_t allocations, failAt;
  /// Handles of host objects whose userdata Lua has collected, for the host to drop.
  uint32_t *_Nullable freed;
  uint32_t freedCount, freedCapacity, objects;
} moontide_host;

/// A new state without libraries, or NULL without memory.
moontide_host *_Nullable moontide_open(
  int kind, moontide_body _Nonnull body, void *_Nullable context, size_t limit);
void moontide_close(moontide_host *_Nonnull host);
moontide_host *_Nonnull moontide_host_of(lua_State *_Nonnull lua);

/// Opens the libraries of the state's kind and the searcher of the embedded modules.
int moontide_open_libraries(lua_State *_Nonnull lua);

/// Makes the standard libraries of a pure state unchangeable.
int moontide_freeze(lua_State *_Nonnull lua);

/// Sets a pure state's clock and chance: `stream` tells the batches of one seed apart.
int moontide_begin_batch(
  lua_State *_Nonnull lua, int64_t timeUs, uint64_t seed, uint64_t stream);

/// Calls the function below `arguments` values, with a traceback added to errors that have none.
int moontide_call(lua_State *_Nonnull lua, int arguments, int results);

/// Raises an error in the Lua code of the state that runs, if any does. Callable from any thread
/// while the state lives.
void moontide_interrupt(moontide_host *_Nonnull host);

/// From now on a call in a pure state, those that run among them, may compute for `ns` at most: the
/// process is to end.
void moontide_hurry(int64_t ns);

/// Bytes that all states of the process use, and how many states there are.
size_t moontide_memory_used(size_t *_Nonnull count);

/// Loads a chunk of text; the function is left on the stack.
int moontide_load(
  lua_State *_Nonnull lua, const char *_Nonnull text, size_t size, const char *_Nonnull name);

/// Puts `package.loaded[module][name]` to the host's function `function`.
int moontide_register(
  lua_State *_Nonnull lua, const char *_Nonnull module, const char *_Nonnull name, int function);

/// Gives objects of a class the metamethod `name`, with the host's function `function`.
int moontide_register_metamethod(
  lua_State *_Nonnull lua, const char *_Nonnull className, const char *_Nonnull name,
  int function);

/// Gives objects of a class the method `name`.
int moontide_register_method(
  lua_State *_Nonnull lua, const char *_Nonnull className, const char *_Nonnull name,
  int function);

/// Pushes the values written in `bytes` (see Value.c); `*count` says how many.
int moontide_push(
  lua_State *_Nonnull lua, const uint8_t *_Nonnull bytes, size_t size, int *_Nonnull count);

/// Pushes the value, mostly a function, that `bytes` holds, with its globals (see Value.c).
int moontide_arrive(lua_State *_Nonnull lua, const uint8_t *_Nonnull bytes, size_t size);

/// For `moontide_push`: a new userdata of the class that stands for the host's object `handle`.
void moontide_push_object(
  lua_State *_Nonnull lua, uint32_t handle, const char *_Nonnull className);

/// Takes the value at `index` into the registry; the reference is pushed as an integer.
int moontide_reference(lua_State *_Nonnull lua, int index);
void moontide_release(lua_State *_Nonnull lua, int reference);
void moontide_push_reference(lua_State *_Nonnull lua, int reference);
/// The names of the loaded modules: pushes `package.loaded`, or nil.
void moontide_push_loaded(lua_State *_Nonnull lua);
void moontide_push_globals(lua_State *_Nonnull lua);

/// The handle of a host object at `index`, or -1.
int64_t moontide_handle(lua_State *_Nonnull lua, int index);

/// The error value on the stack top becomes a table with `class` and `message`, or a short string
/// if even that fails. Never raises.
void moontide_normalise_error(lua_State *_Nonnull lua);

/// An embedded module's text, or NULL.
const char *_Nullable moontide_module_text(const char *_Nonnull name);
const char *_Nullable moontide_module_name(int position);

// Value tags: what `moontide_push` reads.
enum {
  MOONTIDE_NIL, MOONTIDE_FALSE, MOONTIDE_TRUE, MOONTIDE_INTEGER, MOONTIDE_NUMBER, MOONTIDE_STRING,
  /// u32 list length, u32 pairs, then the elements, then keys and values.
  MOONTIDE_TABLE,
  /// i32 registry reference.
  MOONTIDE_REFERENCE,
  /// u32 handle, then the class name as u32 length and bytes.
  MOONTIDE_OBJECT,
  MOONTIDE_NULL,
  /// A table follows; it gets the metatable of `moontide.error`.
  MOONTIDE_ERROR,
  // What follows is for functions on their way to a worker state: values with identity.
  /// u32 number, has metatable, u32 pairs, then metatable, keys and values.
  MOONTIDE_SHARED_TABLE,
  /// u32 number of a value met before.
  MOONTIDE_AGAIN,
  /// u32 number, u32 length and bytecode, u32 upvalue count, per upvalue u32 number of the shared
  /// upvalue, and its value if the number is new.
  MOONTIDE_FUNCTION,
  /// A string: the module's name for `require`.
  MOONTIDE_MODULE,
  /// Two strings: a module's name and its field.
  MOONTIDE_LIBRARY,
  /// The function's own table of globals.
  MOONTIDE_ENVIRONMENT,
};

// ---- Rows (Rows.c) ---------------------------------------------------------------------------

enum {
  MOONTIDE_NULL_COLUMN, MOONTIDE_BOOLEAN_COLUMN, MOONTIDE_INT8_COLUMN, MOONTIDE_INT16_COLUMN,
  MOONTIDE_INT32_COLUMN, MOONTIDE_INT64_COLUMN, MOONTIDE_FLOAT_COLUMN, MOONTIDE_DOUBLE_COLUMN,
  MOONTIDE_DECIMAL_COLUMN, MOONTIDE_STRING_COLUMN, MOONTIDE_LIST_COLUMN, MOONTIDE_MAP_COLUMN,
  MOONTIDE_STRUCT_COLUMN,
};

typedef struct moontide_strings moontide_strings;
moontide_strings *_Nullable moontide_strings_new(void);
void moontide_strings_free(moontide_strings *_Nullable strings);

/// A column of the engine's, in Arrow's layout.
typedef struct moontide_column {
  int32_t kind, scale;
  /// Row number & mask is the place: 0 for a constant column, else -1.
  int64_t mask;
  bool isAllNull;
  const uint8_t *_Nullable validity;
  const void *_Nullable values;
  const void *_Nullable const *_Nullable blocks;
  const struct moontide_column *_Nullable children;
  int32_t childCount;
  /// A structure's field names.
  const char *_Nonnull const *_Nullable names;
  /// For the loop over values: strings met lately.
  moontide_strings *_Nullable strings;
} moontide_column;

typedef struct moontide_rows {
  const moontide_column *_Nullable columns;
  const char *_Nonnull const *_Nullable names;
  int32_t width;
  /// Registry reference of the table: name → position from 1.
  int32_t places;
} moontide_rows;

/// How rows become arguments: as the values of each row, as a row object, a group at once, or not.
enum { MOONTIDE_AS_VALUES, MOONTIDE_AS_ROW, MOONTIDE_AS_GROUP, MOONTIDE_AS_KEY };

/// Calls of one function for some rows or groups. `before`, the key row, the row or rows, and
/// `after` are its arguments, in this order.
typedef struct moontide_calls {
  int32_t function, form;
  const moontide_rows *_Nullable rows;
  /// How many calls: rows, or groups.
  int64_t count;
  /// Group g has the rows offsets[g]..<offsets[g + 1], and row g of `key`.
  const int64_t *_Nullable offsets;
  const moontide_rows *_Nullable key;
  /// Told of each call before it is made; may be NULL. Never raises.
  void (*_Nullable enter)(void *_Nullable context, int64_t row);
  int32_t before[2], after[2], beforeCount, afterCount;
  /// Reads the result on the stack top; false ends the calls. Never raises.
  bool (*_Nullable take)(lua_State *_Nonnull lua, void *_Nullable context, int64_t row);
  void *_Nullable context;
  /// Where results of a fixed width go without `take`, which then sees only what does not fit:
  /// the kind of column, its values and validity bits (all 1 at first), and how many are NULL.
  int32_t resultKind;
  void *_Nullable results;
  uint8_t *_Nullable validity;
  int64_t nulls;
  /// Where the calls are.
  int64_t row;
} moontide_calls;

int moontide_call_rows(lua_State *_Nonnull lua, moontide_calls *_Nonnull calls);

/// Accumulates rows into buffers, one a group: buffers[groups[row] + 1] = function(buffer, row's
/// values). Without a function the buffer itself is what `take` gets; with `take`, results go there
/// and not into the buffers. A buffer that is not there yet is what `zero` gives.
typedef struct moontide_fold {
  int32_t function, zero, buffers;
  /// The row is one argument: a table of fields.
  bool asTable;
  const moontide_rows *_Nullable rows;
  const uint32_t *_Nonnull groups;
  int64_t count;
  bool (*_Nullable take)(lua_State *_Nonnull lua, void *_Nullable context, int64_t row);
  void *_Nullable context;
  /// Where the calls are.
  int64_t row;
} moontide_fold;

int moontide_fold_rows(lua_State *_Nonnull lua, moontide_fold *_Nonnull fold);

/// Pushes a list of row objects that keep the host's object `handle` alive.
int moontide_push_owned_rows(
  lua_State *_Nonnull lua, const moontide_rows *_Nonnull rows, int64_t first, int64_t count,
  uint32_t handle, const char *_Nonnull className);

/// The most levels of a traceback, bytes of an error message, and nested tables in a value.
enum { MOONTIDE_TRACEBACK = 50, MOONTIDE_MESSAGE = 65536, MOONTIDE_DEPTH = 1000 };

// Macros of lua.h that Swift cannot read.
static inline void moontide_pop(lua_State *_Nonnull lua, int count) { lua_settop(lua, -count - 1); }
static inline int64_t moontide_integer(lua_State *_Nonnull lua, int index) {
  return lua_tointegerx(lua, index, NULL);
}
