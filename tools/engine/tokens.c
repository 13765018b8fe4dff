#include "tokens.h"

#include <stdlib.h>

#include "program.h"

uint16_t* tokens_read(const struct options* options, size_t scored, uint32_t vocab) {
  const char* path = options->text;
  const uint64_t offset = options->offset, count = (uint64_t)options->prefill + 1 + scored;
  const struct bytes bytes = read_whole_file("--text", path);
  if (bytes.size % 2 != 0) refuse("--text is \"%s\" of %zu bytes; ids of two bytes each are needed", path, bytes.size);
  const uint64_t tokens = bytes.size / 2;
  if (offset > tokens || count > tokens - offset) {
    refuse("--offset is %u, --prefill is %u, and %zu tokens follow: %llu in all, allowed are the %llu of --text \"%s\"",
           options->offset, options->prefill, scored + 1, (unsigned long long)(offset + count),
           (unsigned long long)tokens, path);
  }
  uint16_t* ids = allocate(count, sizeof *ids);
  for (uint64_t i = 0; i < count; ++i) {
    const uint8_t* id = bytes.data + 2 * (offset + i);
    ids[i] = (uint16_t)(id[0] | id[1] << 8);
    if (ids[i] >= vocab) {
      refuse("--text is \"%s\": token %llu is %u, the model has ids below %u", path, (unsigned long long)(offset + i),
             ids[i], vocab);
    }
  }
  free(bytes.data);
  return ids;
}
