#include <cmath>
#include <string>

#include "c_api/handle.h"
#include "c_api/status.h"
#include "c_api/structs.h"

using rattan::c_api::guarded;
using rattan::c_api::required;

namespace {

std::string recalls(const rattan::HeadReport& head) {
  if (head.recall == 0) return "";
  const auto thousandths = [](double recall) { return std::round(recall * 1000) / 1000; };
  return rattan::message("recall ", thousandths(head.recall), ", of the worst query head ",
                         thousandths(head.worst_recall), "; ");
}

std::string describe(const std::vector<rattan::HeadReport>& heads) {
  std::string text;
  for (const rattan::HeadReport& head : heads) {
    text += rattan::message("layer ", head.layer, " head ", head.kv_head, ": ", head.kind, ", ", head.base_tokens,
                            " base + ", head.sealed_tokens, " sealed + ", head.unsealed_tokens, " unsealed tokens, ",
                            head.memory.total(), " bytes; ", recalls(head), head.reason);
    if (head.tokens_behind != 0) {
      text += rattan::message("; ", head.tokens_behind, " tokens fewer than the longest layer");
    }
    text += "\n";
  }
  return text;
}

}  // namespace

rattan_status rattan_get_stats(const rattan_context* context, rattan_stats* stats) {
  return guarded([&] {
    const rattan::DecodeStats sums = required(context, "context").context.stats();
    const rattan_stats all{sizeof(rattan_stats), 0,
                           sums.steps,           sums.keys_visible,
                           sums.keys_window,     sums.keys_retrieved,
                           sums.keys_scored,     sums.values_read,
                           sums.bytes_read,      sums.steps_searched,
                           sums.steps_estimated, sums.lowest_recall,
                           sums.uncertainty,     sums.largest_uncertainty};
    rattan::c_api::write_bytes(&all, &required(stats, "stats"), sizeof all, "stats");
  });
}

rattan_status rattan_reset_stats(rattan_context* context) {
  return guarded([&] { required(context, "context").context.reset_stats(); });
}

rattan_status rattan_report(const rattan_context* context, char* text, size_t size, size_t* needed) {
  return guarded([&] {
    const rattan::Context& from = required(context, "context").context;
    required(needed, "needed");
    if (size != 0) required(text, "text");
    const std::string all = describe(from.report());
    *needed = rattan::c_api::write_text(all, text, size);
  });
}

rattan_status rattan_memory(const rattan_context* context, uint64_t* bytes) {
  return guarded([&] {
    const rattan::Context& from = required(context, "context").context;
    required(bytes, "bytes") = from.memory().total();
  });
}
