#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "CSystem.h"

struct moontide_regex {
  pcre2_code *code;
  pcre2_match_data *data;
  pcre2_match_context *context;
  uint32_t groups;
};

moontide_regex *moontide_regex_new(const void *pattern, size_t length, char *message,
                                   size_t message_size) {
  pcre2_compile_context *settings = pcre2_compile_context_create(NULL);
  // Patterns say themselves what ends a line.
  pcre2_set_newline(settings, PCRE2_NEWLINE_LF);
  uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_ALLOW_EMPTY_CLASS;
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code *code = pcre2_compile(pattern, length, options, &error, &at, settings);
  pcre2_compile_context_free(settings);
  if (!code) {
    pcre2_get_error_message(error, (PCRE2_UCHAR *)message, message_size);
    return NULL;
  }
  // Where there is no JIT the interpreter runs: the same answers, more slowly.
  (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  moontide_regex *regex = malloc(sizeof *regex);
  regex->code = code;
  regex->data = pcre2_match_data_create_from_pattern(code, NULL);
  regex->context = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(regex->context, 10000000);
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &regex->groups);
  return regex;
}

void moontide_regex_free(moontide_regex *regex) {
  pcre2_match_context_free(regex->context);
  pcre2_match_data_free(regex->data);
  pcre2_code_free(regex->code);
  free(regex);
}

int moontide_regex_group_count(const moontide_regex *regex) { return (int)regex->groups; }

int moontide_regex_match(moontide_regex *regex, const void *text, size_t length, size_t start) {
  int found = pcre2_match(regex->code, text ? text : "", length, start, 0, regex->data,
                          regex->context);
  if (found == PCRE2_ERROR_NOMATCH) return 0;
  return found;
}

const size_t *moontide_regex_ranges(const moontide_regex *regex) {
  return pcre2_get_ovector_pointer(regex->data);
}
