#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "rattan/c.h"

static const char help[] =
    "rattan-engine: a small decoder-only language model whose attention is done in full or by Rattan\n"
    "\n"
    "  rattan-engine score    --model F --text F.u16 --offset O --prefill N --count M [options]\n"
    "  rattan-engine generate --model F --tokenizer F --text F.u16 --offset O --prefill N --count M [options]\n"
    "\n"
    "The tokens O .. O+N of the text are the prompt. score then feeds the next M tokens one by one and prints the "
    "mean\n"
    "negative log-likelihood of what follows each; generate goes on with M tokens of its own.\n"
    "\n"
    "  --attention full|rattan        of the decode steps (full)\n"
    "  --k K | --epsilon E            Rattan: keys retrieved per query head, or the softmax share left unread\n"
    "  --most-k K                     Rattan: bound of an epsilon budget\n"
    "  --estimate on|off              Rattan: whether unread keys are estimated (on)\n"
    "  --kind auto|flat|scan4|graph   Rattan: index of every head (auto)\n"
    "  --clusters C                   Rattan: per KV head, of the estimate\n"
    "  --seal-after S                 Rattan: appended tokens after which they are folded into the index; 0: never\n"
    "  --memory-limit MB              Rattan: what it may hold besides the KV cache; 0: no limit (0)\n"
    "  --index FOLDER                 Rattan: keep what was built, or open it where FOLDER holds it\n"
    "  --prefill-cache F              keep what the prefill made, or read it where F exists\n"
    "  --threads T                    0: as many as the machine has (0)\n"
    "  --temperature T --seed S       generate: 0 takes the likeliest token (0, 1)\n"
    "  --format text|json             score: form of the result (text)\n";

enum form { form_path, form_whole, form_signed, form_real, form_share, form_word };

struct rule {
  const char* name;
  enum form form;
  size_t offset;       // in struct options
  double least, most;  // of numbers; form_share: without the ends
  const char* words;   // of form_word, "full|rattan": the value is the word's place
};

#define AT(member) offsetof(struct options, member)
static const struct rule rules[] = {
    {"--model", form_path, AT(model), 0, 0, NULL},
    {"--text", form_path, AT(text), 0, 0, NULL},
    {"--tokenizer", form_path, AT(tokenizer), 0, 0, NULL},
    {"--prefill-cache", form_path, AT(prefill_cache), 0, 0, NULL},
    {"--offset", form_whole, AT(offset), 0, 4294967295.0, NULL},
    {"--prefill", form_whole, AT(prefill), 1, 1 << 24, NULL},
    {"--count", form_whole, AT(count), 1, 1 << 24, NULL},
    {"--threads", form_whole, AT(threads), 0, 1024, NULL},
    {"--attention", form_word, AT(attention), 0, 0, "full|rattan"},
    {"--k", form_whole, AT(k), 1, 1 << 20, NULL},
    {"--epsilon", form_share, AT(epsilon), 0, 1, NULL},
    {"--most-k", form_whole, AT(most_k), 1, 1 << 20, NULL},
    {"--estimate", form_word, AT(estimate), 0, 0, "off|on"},
    {"--kind", form_word, AT(kind), 0, 0, "auto|flat|scan4|graph"},
    {"--clusters", form_whole, AT(clusters), 1, 1 << 20, NULL},
    {"--index", form_path, AT(index), 0, 0, NULL},
    {"--memory-limit", form_whole, AT(memory_limit), 0, 1 << 24, NULL},
    {"--seal-after", form_signed, AT(seal_after), 0, 4294967295.0, NULL},
    {"--temperature", form_real, AT(temperature), 0, 100, NULL},
    {"--seed", form_whole, AT(seed), 0, 4294967295.0, NULL},
    {"--format", form_word, AT(json), 0, 0, "text|json"},
};
enum { rule_count = sizeof rules / sizeof *rules };

_Static_assert(RATTAN_KIND_AUTO == 0 && RATTAN_KIND_FLAT == 1 && RATTAN_KIND_SCAN4 == 2 && RATTAN_KIND_GRAPH == 3,
               "the words of --kind stand in this order");

static uint32_t place_of(const struct rule* rule, const char* value) {
  const size_t size = strlen(value);
  uint32_t place = 0;
  for (const char* word = rule->words; word != NULL; ++place) {
    const char* end = strchr(word, '|');
    const size_t length = end != NULL ? (size_t)(end - word) : strlen(word);
    if (length == size && memcmp(word, value, size) == 0) return place;
    word = end != NULL ? end + 1 : NULL;
  }
  refuse("%s is \"%s\", allowed is %s", rule->name, value, rule->words);
}

static double number_of(const struct rule* rule, const char* value) {
  char* end;
  const double number = strtod(value, &end);
  const int is_number = *value != '\0' && *end == '\0' && number >= rule->least && number <= rule->most;
  if (rule->form == form_share && (!is_number || number == rule->least || number == rule->most)) {
    refuse("%s is \"%s\", allowed is a number inside (%g, %g)", rule->name, value, rule->least, rule->most);
  }
  if (!is_number && rule->form == form_real) {
    refuse("%s is \"%s\", allowed is a number from %g to %g", rule->name, value, rule->least, rule->most);
  }
  const int is_whole = is_number && *value >= '0' && *value <= '9' && number == (double)(uint64_t)number;
  if (!is_whole && (rule->form == form_whole || rule->form == form_signed)) {
    refuse("%s is \"%s\", allowed is a whole number from %.0f to %.0f", rule->name, value, rule->least, rule->most);
  }
  return number;
}

static void set(struct options* options, const struct rule* rule, const char* value) {
  char* member = (char*)options + rule->offset;
  if (rule->offset >= AT(k)) options->of_rattan = rule->name;
  switch (rule->form) {
    case form_path: *(const char**)(void*)member = value; break;
    case form_whole: *(uint32_t*)(void*)member = (uint32_t)number_of(rule, value); break;
    case form_signed: *(int64_t*)(void*)member = (int64_t)number_of(rule, value); break;
    case form_share:
    case form_real: *(double*)(void*)member = number_of(rule, value); break;
    case form_word: *(uint32_t*)(void*)member = place_of(rule, value); break;
  }
}

static const struct rule* rule_of(const char* word) {
  for (size_t i = 0; i < rule_count; ++i) {
    if (strcmp(rules[i].name, word) == 0) return &rules[i];
  }
  refuse("unknown option \"%s\"; rattan-engine --help lists all", word);
}

static void check(const struct options* options) {
  if (options->model == NULL) refuse("--model is missing; a .safetensors file is needed");
  if (options->text == NULL) refuse("--text is missing; a file of 16-bit token ids is needed");
  if (options->prefill == 0) refuse("--prefill is missing; at least 1 token is needed");
  if (options->count == 0) refuse("--count is missing; at least 1 token is needed");
  if (options->command == command_generate && options->tokenizer == NULL) {
    refuse("--tokenizer is missing; generate needs a SentencePiece model");
  }
  if (options->attention == attention_full && options->of_rattan != NULL) {
    refuse("%s is of Rattan; allowed with --attention rattan", options->of_rattan);
  }
  if (options->k != 0 && options->epsilon > 0) {
    refuse("--k is %u and --epsilon is %g; one of them is allowed", options->k, options->epsilon);
  }
}

struct options options_read(int count, char** words) {
  struct options options = {.epsilon = 0, .estimate = 1, .seed = 1, .seal_after = -1};
  if (count < 2) refuse("a command is missing; allowed are score and generate (--help)");
  for (int i = 1; i < count; ++i) {
    if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
      fputs(help, stdout);
      exit(0);
    }
  }
  if (strcmp(words[1], "generate") == 0) {
    options.command = command_generate;
  } else if (strcmp(words[1], "score") != 0) {
    refuse("the command is \"%s\"; allowed are score and generate", words[1]);
  }
  for (int i = 2; i < count; i += 2) {
    const struct rule* rule = rule_of(words[i]);
    if (i + 1 == count) refuse("%s has no value", rule->name);
    set(&options, rule, words[i + 1]);
  }
  check(&options);
  return options;
}
