#include "Internal.h"

#include <ctype.h>

// Lua's patterns, for pure states: a matcher that a deadline ends, since some patterns take longer
// than the world will last. It answers as the `string` library does.

/// The most levels of a match inside each other, as in Lua.
enum { MOST_DEEP = 200 };

static const char *match_here(struct match *match, const char *at, const char *pattern);

static int fail(const struct match *match, const char *message) {
  return luaL_error(match->lua, "malformed pattern (%s)", message);
}

// ---- One character ---------------------------------------------------------------------------

/// Whether the class letter takes the character; a letter that is no class takes itself.
static bool is_in_class(int c, int letter) {
  bool found;
  switch (tolower(letter)) {
  case 'a': found = isalpha(c); break;
  case 'c': found = iscntrl(c); break;
  case 'd': found = isdigit(c); break;
  case 'g': found = isgraph(c); break;
  case 'l': found = islower(c); break;
  case 'p': found = ispunct(c); break;
  case 's': found = isspace(c); break;
  case 'u': found = isupper(c); break;
  case 'w': found = isalnum(c); break;
  case 'x': found = isxdigit(c); break;
  default: return letter == c;
  }
  return isupper(letter) ? !found : found;
}

/// Behind the single character class that begins at `pattern`.
static const char *class_end(const struct match *match, const char *pattern) {
  char first = *pattern++;
  if (first == '%') {
    if (pattern == match->patternEnd) fail(match, "ends with '%'");
    return pattern + 1;
  }
  if (first != '[') return pattern;
  if (pattern < match->patternEnd && *pattern == '^') pattern++;
  // A `]` that comes first is a character.
  do {
    if (pattern == match->patternEnd) fail(match, "missing ']'");
    if (*pattern++ == '%' && pattern < match->patternEnd) pattern++;
  } while (pattern == match->patternEnd || *pattern != ']');
  return pattern + 1;
}

/// Whether the set from `[` at `set` to `]` at `end` takes the character.
static bool is_in_set(int c, const char *set, const char *end) {
  bool isWanted = true;
  if (set[1] == '^') {
    isWanted = false;
    set++;
  }
  while (++set < end) {
    if (*set == '%') {
      set++;
      if (is_in_class(c, (unsigned char)*set)) return isWanted;
    } else if (set[1] == '-' && set + 2 < end) {
      if ((unsigned char)set[0] <= c && c <= (unsigned char)set[2]) return isWanted;
      set += 2;
    } else if ((unsigned char)*set == c) {
      return isWanted;
    }
  }
  return !isWanted;
}

/// Whether the class from `pattern` to before `end` takes the character at `at`.
static bool takes(
  const struct match *match, const char *at, const char *pattern, const char *end) {
  if (at >= match->textEnd) return false;
  int c = (unsigned char)*at;
  switch (*pattern) {
  case '.': return true;
  case '%': return is_in_class(c, (unsigned char)pattern[1]);
  case '[': return is_in_set(c, pattern, end - 1);
  default: return (unsigned char)*pattern == c;
  }
}

// ---- Items -----------------------------------------------------------------------------------

/// Every step of a search that could go on and on.
static void step(const struct match *match) {
  if (__builtin_expect(moontide_stop_of(match->host) != 0, 0))
    moontide_raise_if_stopped(match->lua);
}

/// As many as there are, then fewer.
static const char *match_greedy(
  struct match *match, const char *at, const char *pattern, const char *end) {
  ptrdiff_t count = 0;
  while (takes(match, at + count, pattern, end)) count++;
  for (; count >= 0; count--) {
    const char *found = match_here(match, at + count, end + 1);
    if (found) return found;
    step(match);
  }
  return NULL;
}

/// As few as will do.
static const char *match_lazy(
  struct match *match, const char *at, const char *pattern, const char *end) {
  while (true) {
    const char *found = match_here(match, at, end + 1);
    if (found) return found;
    if (!takes(match, at, pattern, end)) return NULL;
    at++;
    step(match);
  }
}

static const char *match_balanced(struct match *match, const char *at, const char *pattern) {
  if (pattern + 1 >= match->patternEnd) fail(match, "missing arguments to '%b'");
  if (at >= match->textEnd || *at != pattern[0]) return NULL;
  int open = 1;
  while (++at < match->textEnd) {
    if (*at == pattern[1]) {
      if (--open == 0) return at + 1;
    } else if (*at == pattern[0]) {
      open++;
    }
  }
  return NULL;
}

static const char *match_frontier(struct match *match, const char *at, const char *pattern) {
  if (pattern >= match->patternEnd || *pattern != '[')
    luaL_error(match->lua, "missing '[' after '%%f' in pattern");
  const char *end = class_end(match, pattern);
  int before = at == match->text ? 0 : (unsigned char)at[-1];
  int here = at == match->textEnd ? 0 : (unsigned char)*at;
  if (is_in_set(before, pattern, end - 1) || !is_in_set(here, pattern, end - 1)) return NULL;
  return match_here(match, at, end);
}

static const char *match_again(struct match *match, const char *at, int digit) {
  int number = digit - '1';
  if (
    number < 0 || number >= match->captureCount
    || match->captures[number].size == MOONTIDE_OPEN_CAPTURE)
    luaL_error(match->lua, "invalid capture index %%%d", number + 1);
  ptrdiff_t size = match->captures[number].size;
  if (size < 0 || match->textEnd - at < size) return NULL;
  return memcmp(match->captures[number].start, at, (size_t)size) == 0 ? at + size : NULL;
}

static const char *open_capture(
  struct match *match, const char *at, const char *pattern, ptrdiff_t what) {
  int number = match->captureCount;
  if (number >= MOONTIDE_CAPTURES) luaL_error(match->lua, "too many captures");
  match->captures[number] = (struct capture){at, what};
  match->captureCount = number + 1;
  const char *found = match_here(match, at, pattern);
  if (!found) match->captureCount = number;
  return found;
}

static const char *close_capture(struct match *match, const char *at, const char *pattern) {
  int number = match->captureCount - 1;
  while (number >= 0 && match->captures[number].size != MOONTIDE_OPEN_CAPTURE) number--;
  if (number < 0) luaL_error(match->lua, "invalid pattern capture");
  match->captures[number].size = at - match->captures[number].start;
  const char *found = match_here(match, at, pattern);
  if (!found) match->captures[number].size = MOONTIDE_OPEN_CAPTURE;
  return found;
}

/// Matches a single character class, with what follows it, and the rest; `*rest` is where a loop
/// goes on instead, behind the character that was taken.
static const char *match_single(
  struct match *match, const char *at, const char *pattern, const char **rest) {
  const char *end = class_end(match, pattern);
  char suffix = end < match->patternEnd ? *end : '\0';
  bool isTaken = takes(match, at, pattern, end);
  switch (suffix) {
  case '?':
    if (isTaken) {
      const char *found = match_here(match, at + 1, end + 1);
      if (found) return found;
    }
    *rest = end + 1;
    return at;
  case '*': return match_greedy(match, at, pattern, end);
  case '+': return isTaken ? match_greedy(match, at + 1, pattern, end) : NULL;
  case '-': return match_lazy(match, at, pattern, end);
  default:
    if (!isTaken) return NULL;
    *rest = end;
    return at + 1;
  }
}

static const char *match_here(struct match *match, const char *at, const char *pattern) {
  if (++match->depth > MOST_DEEP) luaL_error(match->lua, "pattern too complex");
  while (at && pattern < match->patternEnd) {
    step(match);
    const char *rest = NULL;
    char next = pattern + 1 < match->patternEnd ? pattern[1] : '\0';
    if (*pattern == '(') {
      at = next == ')' ? open_capture(match, at, pattern + 2, MOONTIDE_POSITION)
                       : open_capture(match, at, pattern + 1, MOONTIDE_OPEN_CAPTURE);
    } else if (*pattern == ')') {
      at = close_capture(match, at, pattern + 1);
    } else if (*pattern == '$' && pattern + 1 == match->patternEnd) {
      if (at != match->textEnd) at = NULL;
    } else if (*pattern == '%' && next == 'b') {
      at = match_balanced(match, at, pattern + 2);
      rest = pattern + 4;
    } else if (*pattern == '%' && next == 'f') {
      at = match_frontier(match, at, pattern + 2);
    } else if (*pattern == '%' && isdigit((unsigned char)next)) {
      at = match_again(match, at, next);
      rest = pattern + 2;
    } else {
      at = match_single(match, at, pattern, &rest);
    }
    // Without a rest, the item has matched all that follows.
    if (!rest) break;
    pattern = rest;
  }
  match->depth--;
  return at;
}

const char *moontide_match_at(struct match *match, const char *at, const char *pattern) {
  match->depth = 0;
  match->captureCount = 0;
  return match_here(match, at, pattern);
}
