#include "safetensors.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

struct safetensors {
  const char* option;
  const char* path;
  struct bytes bytes;
  cJSON* header;
  const uint8_t* data;
  size_t data_size;
};

enum { length_bytes = 8 };

struct safetensors* safetensors_open(const char* option, const char* path) {
  struct safetensors* file = allocate(1, sizeof *file);
  *file = (struct safetensors){option, path, read_whole_file(option, path), NULL, NULL, 0};
  uint64_t length = 0;
  if (file->bytes.size >= length_bytes) {
    for (size_t i = length_bytes; i-- > 0;) length = length << 8 | file->bytes.data[i];
  }
  if (length == 0 || length > file->bytes.size - length_bytes) {
    refuse(
        "%s is \"%s\": no safetensors file; its first 8 bytes must hold the length of a header inside the file's %zu",
        option, path, file->bytes.size);
  }
  file->header = cJSON_ParseWithLength((const char*)file->bytes.data + length_bytes, (size_t)length);
  if (!cJSON_IsObject(file->header)) {
    refuse("%s is \"%s\": no safetensors file; its header must be a JSON object", option, path);
  }
  file->data = file->bytes.data + length_bytes + length;
  file->data_size = file->bytes.size - length_bytes - (size_t)length;
  return file;
}

void safetensors_close(struct safetensors* file) {
  cJSON_Delete(file->header);
  free(file->bytes.data);
  free(file);
}

static const cJSON* member(const struct safetensors* file, const cJSON* object, const char* name) {
  const cJSON* found = cJSON_GetObjectItemCaseSensitive(object, name);
  if (found == NULL) refuse("%s is \"%s\", which has no \"%s\"", file->option, file->path, name);
  return found;
}

// Element `index` of a list of whole numbers; doubles hold them exactly up to 2^53.
static uint64_t whole_at(const struct safetensors* file, const cJSON* list, int index, const char* name) {
  const cJSON* item = cJSON_GetArrayItem(list, index);
  const double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
  if (!(value >= 0 && value <= 0x1p53) || (double)(uint64_t)value != value) {
    refuse("%s is \"%s\": shape and offsets of \"%s\" must be whole numbers", file->option, file->path, name);
  }
  return (uint64_t)value;
}

const void* safetensors_tensor(const struct safetensors* file, const char* name, const char* dtype, size_t rows,
                               size_t columns) {
  const cJSON* tensor = member(file, file->header, name);
  const cJSON* type = member(file, tensor, "dtype");
  if (!cJSON_IsString(type) || strcmp(type->valuestring, dtype) != 0) {
    refuse("%s is \"%s\": dtype of \"%s\" is %s, needed is %s", file->option, file->path, name,
           cJSON_IsString(type) ? type->valuestring : "no text", dtype);
  }
  const cJSON* shape = member(file, tensor, "shape");
  const int dimensions = columns > 0 ? 2 : 1;
  if (cJSON_GetArraySize(shape) != dimensions || whole_at(file, shape, 0, name) != rows ||
      (columns > 0 && whole_at(file, shape, 1, name) != columns)) {
    refuse("%s is \"%s\": shape of \"%s\" must be [%zu, %zu] (0: no second number)", file->option, file->path, name,
           rows, columns);
  }
  const cJSON* offsets = member(file, tensor, "data_offsets");
  const uint64_t begin = whole_at(file, offsets, 0, name);
  const uint64_t end = whole_at(file, offsets, 1, name);
  // The caller's rows and columns are bounded by model.c: their product cannot overflow.
  const size_t needed = rows * (columns > 0 ? columns : 1) * (strcmp(dtype, "I8") == 0 ? 1 : 4);
  if (end > file->data_size || begin > end || end - begin != needed) {
    refuse(
        "%s is \"%s\": \"%s\" is said to lie in bytes %llu to %llu; it needs %zu bytes inside the %zu that there are",
        file->option, file->path, name, (unsigned long long)begin, (unsigned long long)end, needed, file->data_size);
  }
  return file->data + begin;
}

double safetensors_number(const struct safetensors* file, const char* key, double least, double most) {
  const cJSON* text = member(file, member(file, file->header, "__metadata__"), key);
  const char* digits = cJSON_IsString(text) ? text->valuestring : "";
  char* end;
  const double value = strtod(digits, &end);
  if (*digits == '\0' || *end != '\0' || !(value >= least && value <= most)) {
    refuse("%s is \"%s\": %s is \"%s\", allowed is %g to %g", file->option, file->path, key, digits, least, most);
  }
  return value;
}

uint32_t safetensors_whole(const struct safetensors* file, const char* key, uint32_t least, uint32_t most) {
  const double value = safetensors_number(file, key, least, most);
  if ((double)(uint32_t)value != value) {
    refuse("%s is \"%s\": %s is %g, a whole number is needed", file->option, file->path, key, value);
  }
  return (uint32_t)value;
}

uint64_t safetensors_hash(const struct safetensors* file) { return hash_bytes(file->bytes.data, file->bytes.size); }
