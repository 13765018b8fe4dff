// What every part of the program needs: ending it with a sentence, memory, whole files, time.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The user's input is at fault: the sentence names the parameter, its value and what is allowed. Exit status 2.
_Noreturn void refuse(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Anything else: no memory, a disk that is full. Exit status 1.
_Noreturn void give_up(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Zeros; never NULL.
void* allocate(size_t count, size_t size);

struct bytes {
  uint8_t* data;
  size_t size;
};

// `option` names the file in messages, e.g. "--model".
struct bytes read_whole_file(const char* option, const char* path);

uint64_t hash_bytes(const void* data, size_t size);  // FNV-1a

double seconds(void);  // of a clock that only goes forward
