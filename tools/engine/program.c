#include "program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void complain(const char* format, va_list values) {
  fputs("rattan-engine: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
}

void refuse(const char* format, ...) {
  va_list values;
  va_start(values, format);
  complain(format, values);
  va_end(values);
  exit(2);
}

void give_up(const char* format, ...) {
  va_list values;
  va_start(values, format);
  complain(format, values);
  va_end(values);
  exit(1);
}

void* allocate(size_t count, size_t size) {
  void* memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) give_up("no memory for %zu times %zu bytes", count, size);
  return memory;
}

struct bytes read_whole_file(const char* option, const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) refuse("%s is \"%s\", which cannot be opened: %s", option, path, strerror(errno));
  long size = -1;
  if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
  if (size < 0 || fseek(file, 0, SEEK_SET) != 0) refuse("%s is \"%s\"; a regular file is needed", option, path);
  struct bytes bytes = {allocate((size_t)size, 1), (size_t)size};
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
