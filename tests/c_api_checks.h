/* What the C programs of the tests share: checks that are counted, numbers, matrices, and cases by name. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "rattan/c.h"

static int failures = 0;

static void check_at(int holds, const char* what, const char* file, int line) {
  if (holds) return;
  if (++failures > 20) return;
  fprintf(stderr, "%s:%d: %s (last error: %s)\n", file, line, what, rattan_last_error());
}
#define CHECK(condition) check_at((condition), #condition, __FILE__, __LINE__)
#define CHECK_OK(call) check_at((call) == RATTAN_OK, #call, __FILE__, __LINE__)

/* Refused with a text that names `part`. */
static void check_refused(rattan_status status, const char* part, const char* what, const char* file, int line) {
  check_at(status == RATTAN_INVALID_ARGUMENT, what, file, line);
  check_at(strstr(rattan_last_error(), part) != NULL, what, file, line);
}
#define CHECK_REFUSED(call, part) check_refused((call), (part), #call, __FILE__, __LINE__)

/* From -1 to 1. */
static float next_number(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (float)((double)(state >> 40) / (double)(1 << 24) * 2 - 1);
}

static rattan_matrix matrix(const void* data, uint64_t rows, uint32_t cols) {
  rattan_matrix made;
  memset(&made, 0, sizeof made);
  made.data = data;
  made.dtype = RATTAN_F32;
  made.rows = rows;
  made.cols = cols;
  return made;
}

struct test_case {
  const char* name;
  void (*run)(void);
};

/* Those called argv[1], or all. The program's status. */
static int run_cases(const struct test_case* cases, size_t count, int argc, char** argv) {
  int ran = 0;
  for (size_t i = 0; i < count; ++i) {
    if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
    const int before = failures;
    cases[i].run();
    ++ran;
    printf("%s %s\n", failures == before ? "ok    " : "FAILED", cases[i].name);
  }
  if (ran == 0) fprintf(stderr, "no case is named %s\n", argv[1]);
  return ran > 0 && failures == 0 ? 0 : 1;
}
