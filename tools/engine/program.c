#include "program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// At once: what the caller holds is not freed.
static _Noreturn void complain(int status, const char* format, va_list values) {
  fflush(stdout);
  fputs("rattan-engine: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  _Exit(status);
}

void refuse(const char* format, ...) {
  va_list values;
  va_start(values, format);
  complain(2, format, values);
}

void give_up(const char* format, ...) {
  va_list values;
  va_start(values, format);
  complain(1, format, values);
}

void* allocate(size_t count, size_t size) {
  void* memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) give_up("no memory for %zu times %zu bytes", count, size);
  return memory;
}

struct bytes read_whole_file(const char* option, const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) refuse("%s is \"%s\", which cannot be opened: %s", option, path, strerror(errno));
  struct stat status;
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
    refuse("%s is \"%s\"; a regular file is needed", option, path);
  }
  const size_t size = (size_t)status.st_size;
  struct bytes bytes = {allocate(size, 1), size};
  if (fread(bytes.data, 1, bytes.size, file) != bytes.size) {
    refuse("%s is \"%s\", which cannot be read: %s", option, path, strerror(errno));
  }
  fclose(file);
  return bytes;
}

uint64_t hash_bytes(const void* data, size_t size) {
  const uint8_t* bytes = data;
  uint64_t hash = 0xcbf29ce484222325U;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3U;
  return hash;
}

double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
