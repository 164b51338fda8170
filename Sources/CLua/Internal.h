#pragma once
// For the clocks of threads, `memmem` and `timegm`.
#define _GNU_SOURCE
#include "CLua.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// ---- Calls and their deadlines (Watchdog.c, Host.c) ------------------------------------------

/// Why code is to end: bits of `moontide_host.stop`.
enum { MOONTIDE_INTERRUPTED = 1, MOONTIDE_TIMED_OUT = 2 };

static inline int moontide_stop_of(const moontide_host *host) {
  return __atomic_load_n(&host->stop, __ATOMIC_RELAXED);
}

/// The outermost call into a state, while it runs.
struct activity {
  /// NULL: a call inside another one.
  moontide_host *host;
  pthread_t thread;
  clockid_t clock;
  /// By the thread's own clock: when the call began, and how long it had run when it was stopped.
  int64_t beganNs, stoppedNs;
  /// When the watchdog looks, by the monotonic clock.
  int64_t lookAtNs;
  /// The call of another state that this one is made in, on the same thread.
  struct activity *outer;
  struct activity *previous, *next;
};

/// Around every protected call that may run code of the user's.
void moontide_begin(struct activity *activity, moontide_host *host);
void moontide_end(struct activity *activity);

/// For loops in C: raises the error of a call that is beyond its deadline.
void moontide_raise_if_stopped(lua_State *lua);

/// A coroutine that runs, or that waits for one that it resumed.
struct running {
  lua_State *lua;
  struct running *outer;
};

/// The list of all states.
void moontide_enlist(moontide_host *host);
void moontide_delist(moontide_host *host);

/// A protected call, watched, without a message handler.
int moontide_guarded(lua_State *lua, int arguments, int results);

/// Runs `step` with `argument` inside one protected call.
int moontide_protect(lua_State *lua, lua_CFunction step, void *argument, int results);

/// The searcher of embedded modules, put after `package.preload`.
int moontide_search_embedded(lua_State *lua);

/// Pushes the origin of the running call, or nil: the nearest frame, from a level on, that is not
/// the embedded library's. Gives 1.
int moontide_where_from(lua_State *lua, int level);
int moontide_where(lua_State *lua);

/// Opens the allow-listed libraries of pure states.
void moontide_open_pure(lua_State *lua);

/// Puts functions that know which coroutine runs into the table `coroutine` (Coroutines.c), and in
/// pure states the `pcall` and `xpcall` that cannot catch the end of a call into the globals.
void moontide_open_coroutines(lua_State *lua);

/// Puts functions that a deadline reaches into `string` (Text.c) and `table` (Tables.c).
void moontide_open_text(lua_State *lua);
void moontide_open_tables(lua_State *lua);

// ---- Patterns (Pattern.c) --------------------------------------------------------------------

enum { MOONTIDE_CAPTURES = 32 };

/// A search for one pattern in one text.
struct match {
  lua_State *lua;
  const moontide_host *host;
  const char *text, *textEnd, *patternEnd;
  int depth, captureCount;
  struct capture {
    const char *start;
    /// Bytes; or what is below.
    ptrdiff_t size;
  } captures[MOONTIDE_CAPTURES];
};

/// A capture that is open yet, and one of a position.
enum { MOONTIDE_OPEN_CAPTURE = -1, MOONTIDE_POSITION = -2 };

/// The end of the match of `pattern` at `at`, or NULL.
const char *moontide_match_at(struct match *match, const char *at, const char *pattern);

/// Gives the table at `index` the metatable on the stack top, which it pops: as it is, or in pure
/// states as a sealed copy of its allowed metamethods.
void moontide_set_metatable(lua_State *lua, int index);

extern const char moontide_error_key;

/// Whether the value is a table with a `class`, as errors are.
bool moontide_is_error(lua_State *lua, int index);

// ---- Rows.c for Calls.c; all but the first may raise ---------------------------------------

/// Whether the value at a place of the buffers is NULL.
bool moontide_is_null(const moontide_column *column, int64_t at);

/// Strings of a column that are remembered in a batch, so that a repeated one is not hashed and
/// interned by Lua again.
enum { MOONTIDE_CACHE = 256 };

/// Pushes a string through the cache, whose Lua strings lie in the table at `table`.
void moontide_push_cached(lua_State *lua, const moontide_column *column, int64_t at, int table);

/// Pushes a value. NULL is nil, and `moontide.null` inside an array or map.
void moontide_push_cell(
  lua_State *lua, const moontide_column *column, int64_t row, bool isInner);

/// Pushes a row that is lent until the state's `loan` changes.
void moontide_push_row(lua_State *lua, const moontide_rows *rows, int64_t row);
void moontide_push_group(
  lua_State *lua, const moontide_rows *rows, int64_t first, int64_t count);
bool moontide_is_row(lua_State *lua, int index);

/// A row given back by a function becomes a list of its values.
void moontide_row_to_list(lua_State *lua, int index);
