#include "Internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

// Ends Lua code that runs too long, or that somebody interrupts. A permanent count hook would cost
// as much as the code itself, so none is set: a thread of its own waits until a deadline is over
// and sends a signal to the thread that runs Lua, whose handler sets the hook, as Lua's own
// interpreter does. The hook goes to every coroutine of the chain that runs.
//
// A deadline counts the thread's own time of computing: a process that was stopped for a minute, or
// a machine with too much to do, ends no function that would have finished.

enum { SECOND = 1000000000 };

/// After the hook: how much longer code that no hook reaches may compute before the process ends.
static const int64_t last_grace_ns = (int64_t)20 * SECOND;

/// Mutable state, all of it under the lock.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t started = PTHREAD_ONCE_INIT;
static struct activity *activities;
static moontide_host *hosts;
/// When the thread looks again, by the monotonic clock.
static int64_t wakes_at = INT64_MAX;
/// What a call may take at most once the process is to end; 0: it is not.
static int64_t hurry_ns;

/// The innermost call of this thread, for the signal handler.
static _Thread_local struct activity *volatile current;

static int64_t now_ns(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t sum(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

// ---- The hook --------------------------------------------------------------------------------

// Registry key of the error that ends a call beyond its deadline.
static const char timeout_key = 0;

static void push_timeout(lua_State *lua) {
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &timeout_key) == LUA_TTABLE) return;
  lua_pop(lua, 1);
  moontide_host *host = moontide_host_of(lua);
  char text[160];
  lua_createtable(lua, 0, 5);
  lua_pushliteral(lua, "USER_FUNCTION_TIMEOUT");
  lua_setfield(lua, -2, "class");
  bool isHurried = host->timeoutNs == 0 || host->grantedNs < host->timeoutNs;
  snprintf(
    text, sizeof text,
    isHurried
      ? "the query was asked to stop, and its function went on for more than %g s"
      : "the function computed for more than %g s in one batch",
    (double)host->grantedNs / SECOND);
  lua_pushstring(lua, text);
  lua_setfield(lua, -2, "message");
  if (!isHurried) {
    lua_pushliteral(lua, "`moontide.udf.timeout` says how long a function may take for a batch.");
    lua_setfield(lua, -2, "hint");
  }
  if (moontide_where_from(lua, 0)) lua_setfield(lua, -2, "where");
  luaL_traceback(lua, lua, NULL, 0);
  lua_setfield(lua, -2, "traceback");
  lua_pushvalue(lua, -1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &timeout_key);
}

static void stop_hook(lua_State *lua, lua_Debug *frame) {
  (void)frame;
  int stop = moontide_stop_of(moontide_host_of(lua));
  if (stop & MOONTIDE_TIMED_OUT) {
    // The hook stays, so that no `pcall` and no `__close` goes on.
    push_timeout(lua);
    lua_error(lua);
  }
  lua_sethook(lua, NULL, 0, 0);
  if (stop) {
    lua_pushliteral(lua, "interrupted!");
    lua_error(lua);
  }
}

static void set_hook(lua_State *lua) {
  lua_sethook(lua, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void moontide_raise_if_stopped(lua_State *lua) {
  if (!(moontide_stop_of(moontide_host_of(lua)) & MOONTIDE_TIMED_OUT)) return;
  set_hook(lua);
  push_timeout(lua);
  lua_error(lua);
}

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  for (struct activity *one = current; one; one = one->outer) {
    if (!moontide_stop_of(one->host)) continue;
    for (struct running *frame = one->host->running; frame; frame = frame->outer)
      set_hook(frame->lua);
  }
  errno = saved;
}

// ---- The thread ------------------------------------------------------------------------------

/// Ends a process in which C code runs on and on that no hook reaches. Nothing durable is at risk:
/// a checkpoint outlives the end of its process at any moment.
static void give_up(void) {
  static const char text[] =
    "moontide: a user function runs on long after its deadline and cannot be stopped; the process "
    "ends. Its queries go on from their checkpoints when they are started again.\n";
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {}
  _exit(70);
}

/// Looks at one call; when to look again.
static int64_t look_at(struct activity *one, int64_t now) {
  if (now < one->lookAtNs) return one->lookAtNs;
  int64_t spent = now_ns(one->clock) - one->beganNs;
  int64_t allowed = one->host->grantedNs;
  if (spent >= allowed && !(moontide_stop_of(one->host) & MOONTIDE_TIMED_OUT)) {
    __atomic_or_fetch(&one->host->stop, MOONTIDE_TIMED_OUT, __ATOMIC_RELAXED);
    one->stoppedNs = spent;
    pthread_kill(one->thread, SIGURG);
  }
  if (moontide_stop_of(one->host) & MOONTIDE_TIMED_OUT) allowed = one->stoppedNs + last_grace_ns;
  if (spent >= allowed) give_up();
  one->lookAtNs = sum(now, allowed - spent);
  return one->lookAtNs;
}

static void *watch(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  while (true) {
    int64_t next = INT64_MAX, now = now_ns(CLOCK_MONOTONIC);
    for (struct activity *one = activities; one; one = one->next) {
      if (one->host->grantedNs == 0) continue;
      int64_t at = look_at(one, now);
      if (at < next) next = at;
    }
    wakes_at = next;
    if (next == INT64_MAX) {
      pthread_cond_wait(&changed, &lock);
    } else {
      struct timespec until = {.tv_sec = next / SECOND, .tv_nsec = next % SECOND};
      pthread_cond_timedwait(&changed, &lock, &until);
    }
  }
}

static void start(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGURG, &action, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  // The process's signals are for others.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// ---- Calls -----------------------------------------------------------------------------------

/// What a call that begins now may take; 0: no limit.
static int64_t granted(const moontide_host *host) {
  if (hurry_ns && host->isPure && (host->timeoutNs == 0 || host->timeoutNs > hurry_ns))
    return hurry_ns;
  return host->timeoutNs;
}

/// Threads that others made may have blocked every signal.
static void unblock(void) {
  static _Thread_local bool isDone;
  if (isDone) return;
  isDone = true;
  sigset_t own;
  sigemptyset(&own);
  sigaddset(&own, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &own, NULL);
}

void moontide_begin(struct activity *activity, moontide_host *host) {
  activity->host = NULL;
  if (host->isActive) return;
  pthread_once(&started, start);
  unblock();
  host->isActive = true;
  activity->host = host;
  activity->thread = pthread_self();
  activity->outer = current;
  activity->stoppedNs = 0;
  activity->lookAtNs = INT64_MAX;
  current = activity;
  if (host->isPure) {
    pthread_getcpuclockid(activity->thread, &activity->clock);
    activity->beganNs = now_ns(activity->clock);
  }
  int64_t now = host->timeoutNs || hurry_ns ? now_ns(CLOCK_MONOTONIC) : 0;
  pthread_mutex_lock(&lock);
  host->grantedNs = granted(host);
  if (host->grantedNs) activity->lookAtNs = sum(now, host->grantedNs);
  activity->previous = NULL;
  activity->next = activities;
  if (activities) activities->previous = activity;
  activities = activity;
  if (activity->lookAtNs < wakes_at) pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

void moontide_end(struct activity *activity) {
  moontide_host *host = activity->host;
  if (!host) return;
  pthread_mutex_lock(&lock);
  if (activity->previous) activity->previous->next = activity->next;
  else activities = activity->next;
  if (activity->next) activity->next->previous = activity->previous;
  pthread_mutex_unlock(&lock);
  // A signal that comes from now on finds nothing to stop.
  int stop = __atomic_exchange_n(&host->stop, 0, __ATOMIC_RELAXED);
  current = activity->outer;
  host->isActive = false;
  if (!stop) return;
  lua_sethook(host->lua, NULL, 0, 0);
  if (stop & MOONTIDE_TIMED_OUT) host->isSpent = true;
}

void moontide_interrupt(moontide_host *host) {
  pthread_mutex_lock(&lock);
  for (struct activity *one = activities; one; one = one->next) {
    if (one->host != host) continue;
    __atomic_or_fetch(&host->stop, MOONTIDE_INTERRUPTED, __ATOMIC_RELAXED);
    pthread_kill(one->thread, SIGURG);
  }
  pthread_mutex_unlock(&lock);
}

void moontide_hurry(int64_t ns) {
  pthread_once(&started, start);
  pthread_mutex_lock(&lock);
  hurry_ns = ns;
  int64_t now = now_ns(CLOCK_MONOTONIC);
  for (struct activity *one = activities; one; one = one->next) {
    if (!one->host->isPure) continue;
    int64_t limit = sum(now_ns(one->clock) - one->beganNs, ns);
    if (one->host->grantedNs && one->host->grantedNs <= limit) continue;
    one->host->grantedNs = limit;
    one->lookAtNs = sum(now, ns);
  }
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

// ---- All states ------------------------------------------------------------------------------

void moontide_enlist(moontide_host *host) {
  pthread_mutex_lock(&lock);
  host->previous = NULL;
  host->next = hosts;
  if (hosts) hosts->previous = host;
  hosts = host;
  pthread_mutex_unlock(&lock);
}

void moontide_delist(moontide_host *host) {
  pthread_mutex_lock(&lock);
  if (host->previous) host->previous->next = host->next;
  else hosts = host->next;
  if (host->next) host->next->previous = host->previous;
  pthread_mutex_unlock(&lock);
}

size_t moontide_memory_used(size_t *count) {
  size_t used = 0;
  *count = 0;
  pthread_mutex_lock(&lock);
  for (const moontide_host *host = hosts; host; host = host->next) {
    used += __atomic_load_n(&host->used, __ATOMIC_RELAXED);
    *count += 1;
  }
  pthread_mutex_unlock(&lock);
  return used;
}
