// Teacher forcing: each token of the text is fed, and its successor's negative log-likelihood is taken.
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "decoder.h"
#include "kernels.h"
#include "program.h"
#include "rattan/c.h"

static double nats(const float* logits, uint32_t vocab, uint16_t token) {
  float top = logits[0];
  for (uint32_t i = 1; i < vocab; ++i) top = fmaxf(top, logits[i]);
  double sum = 0;
  for (uint32_t i = 0; i < vocab; ++i) sum += exp((double)(logits[i] - top));
  return log(sum) + (double)(top - logits[token]);
}

struct result {
  double nll;
  double ms_per_token;
};

static struct result run(struct decoder* decoder, const struct options* options) {
  struct result result = {0, 0};
  const double begin = seconds();
  for (size_t i = 0; i < options->count; ++i) {
    const uint16_t* token = decoder->tokens + options->prefill + i;
    decoder_step(decoder, token[0]);
    result.nll += nats(decoder->logits, decoder->model->vocab, token[1]);
  }
  result.ms_per_token = 1e3 * (seconds() - begin) / options->count;
  result.nll /= options->count;
  return result;
}

static void add_budget(cJSON* json, const struct options* options) {
  rattan_params params;
  rattan_params_init(&params);
  static const char* const kinds[] = {"auto", "flat", "scan4", "graph"};
  cJSON_AddStringToObject(json, "kind", kinds[options->kind]);
  if (options->epsilon > 0) {
    cJSON_AddNumberToObject(json, "epsilon", options->epsilon);
    cJSON_AddNumberToObject(json, "most_k", options->most_k > 0 ? options->most_k : params.budget.most_k);
  } else {
    cJSON_AddNumberToObject(json, "k", options->k > 0 ? options->k : params.budget.k);
  }
  cJSON_AddBoolToObject(json, "estimate", (int)options->estimate);
  cJSON_AddNumberToObject(json, "clusters", options->clusters > 0 ? options->clusters : params.clusters);
  const double seal_after = options->seal_after >= 0 ? (double)options->seal_after : params.seal_after;
  cJSON_AddNumberToObject(json, "seal_after", seal_after);
}

static void add_report(cJSON* json, char* text) {
  if (text == NULL) return;
  cJSON* lines = cJSON_AddArrayToObject(json, "report");
  for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    cJSON_AddItemToArray(lines, cJSON_CreateString(line));
  }
  free(text);
}

// keys_read_share, from rattan_stats: the larger of (keys_window + keys_retrieved) / keys_visible, the keys that each
// query head attends exactly, and keys_scored / keys_visible, the keys read in full to find them; these a group's query
// heads share, as rattan-bench counts them. All sums run over query heads, layers and steps.
static cJSON* describe(const struct decoder* decoder, const struct options* options, struct result result) {
  const struct cost cost = decoder->attention->cost(decoder->attention);
  const double attended = cost.keys_attended / cost.keys_visible, read = cost.keys_read / cost.keys_visible;
  cJSON* json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "attention", options->attention == attention_rattan ? "rattan" : "full");
  if (options->attention == attention_rattan) add_budget(json, options);
  cJSON_AddNumberToObject(json, "nll", result.nll);
  cJSON_AddNumberToObject(json, "tokens", options->count);
  cJSON_AddNumberToObject(json, "prefill", options->prefill);
  cJSON_AddNumberToObject(json, "offset", options->offset);
  cJSON_AddNumberToObject(json, "keys_read_share", fmax(attended, read));
  cJSON_AddNumberToObject(json, "keys_attended_share", attended);
  cJSON_AddNumberToObject(json, "keys_scored_share", read);
  cJSON_AddNumberToObject(json, "ms_per_token", result.ms_per_token);
  cJSON_AddNumberToObject(json, "prefill_seconds", decoder->prefill_seconds);
  cJSON_AddNumberToObject(json, "build_seconds", cost.build_seconds);
  cJSON_AddNumberToObject(json, "threads", threads_count(decoder->threads));
  cJSON_AddStringToObject(json, "kernels", best_kernels()->name);
  add_report(json, decoder->attention->report(decoder->attention));
  return json;
}

static void print_text(const cJSON* json) {
  const cJSON* item;
  cJSON_ArrayForEach(item, json) {
    const cJSON* line;
    if (cJSON_IsNumber(item)) printf("%-20s %.6g\n", item->string, item->valuedouble);
    if (cJSON_IsString(item)) printf("%-20s %s\n", item->string, item->valuestring);
    if (cJSON_IsBool(item)) printf("%-20s %s\n", item->string, cJSON_IsTrue(item) ? "on" : "off");
    if (cJSON_IsArray(item)) cJSON_ArrayForEach(line, item) puts(line->valuestring);
  }
}

void score(const struct options* options) {
  struct decoder* decoder = decoder_open(options, options->count);
  const struct result result = run(decoder, options);
  cJSON* json = describe(decoder, options, result);
  if (options->json) {
    char* text = cJSON_PrintUnformatted(json);
    puts(text);
    free(text);
  } else {
    print_text(json);
  }
  cJSON_Delete(json);
  decoder_close(decoder);
}
