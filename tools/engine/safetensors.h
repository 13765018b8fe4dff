// Reads a .safetensors file: 8 bytes length, a JSON header, then the tensors' bytes. No number in it is trusted: every
// offset and shape is held against the file's size before it is used.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct safetensors;

struct safetensors* safetensors_open(const char* option, const char* path);
void safetensors_close(struct safetensors* file);  // tensors handed out are gone then

// The bytes of a tensor of exactly this type and shape; columns 0: a vector of `rows` elements.
const void* safetensors_tensor(const struct safetensors* file, const char* name, const char* dtype, size_t rows,
                               size_t columns);

// A whole number, or any, of the header's "__metadata__", inside [least, most].
uint32_t safetensors_whole(const struct safetensors* file, const char* key, uint32_t least, uint32_t most);
double safetensors_number(const struct safetensors* file, const char* key, double least, double most);

uint64_t safetensors_hash(const struct safetensors* file);  // of all its bytes
