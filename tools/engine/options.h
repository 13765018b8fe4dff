// The command line.
#pragma once

#include <stdint.h>

enum command { command_score, command_generate };
enum attention_kind { attention_full, attention_rattan };

struct options {
  uint32_t command;
  const char* model;
  const char* text;
  const char* tokenizer;
  const char* prefill_cache;
  uint32_t offset, prefill, count;
  uint32_t threads;  // 0: as many as the machine has
  uint32_t attention;
  uint32_t json;
  double temperature;
  uint32_t seed;
  const char* of_rattan;  // an option below that was given, or NULL
  // Of Rattan, here to the end; 0 and -1 mean the library's default.
  uint32_t k;
  double epsilon;
  uint32_t most_k;
  uint32_t estimate;
  uint32_t kind;  // RATTAN_KIND_AUTO, ...
  uint32_t clusters;
  const char* index;
  int64_t seal_after;
  uint32_t memory_limit;  // in MB of 1,000,000 bytes
};

// Ends the program where the command line is wrong, or asks for help.
struct options options_read(int count, char** words);
