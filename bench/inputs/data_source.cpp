#include "bench/inputs/data_source.h"

#include <algorithm>
#include <optional>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "core/check.h"
#include "core/parallel.h"
#include "datasets/embedded.h"
#include "datasets/synthetic.h"
#include "rattan/types.h"
#include "scan/checked_matrix.h"

namespace rattan::bench {
namespace {

// Which numbers a --layers or --kv-heads list asks for, and which of them some source had.
class NumberFilter {
 public:
  NumberFilter(const std::string& list, std::string flag) : flag_(std::move(flag)) {
    if (!list.empty()) wanted_ = parse_int_list(list, flag_);
  }

  bool takes(int number) {
    if (std::find(offered_.begin(), offered_.end(), number) == offered_.end()) offered_.push_back(number);
    return !wanted_ || std::find(wanted_->begin(), wanted_->end(), number) != wanted_->end();
  }

  void check_all_found() const {
    if (!wanted_) return;
    for (const int number : *wanted_) {
      if (std::find(offered_.begin(), offered_.end(), number) != offered_.end()) continue;
      std::vector<std::string> names;
      for (const int offer : offered_) names.push_back(std::to_string(offer));
      throw UsageError(flag_ + " asks for " + std::to_string(number) + ", the data has " + join(names, ", "));
    }
  }

 private:
  std::string flag_;
  std::optional<std::vector<int>> wanted_;
  std::vector<int> offered_;
};

struct Filters {
  NumberFilter layers;
  NumberFilter kv_heads;
};

// Rows are those of the dump; of a slice of them it would say others.
void check_finite(const datasets::KvGroup& group, const std::string& place, Executor* executor) {
  Executor& runner = executor_or_default(executor);
  rattan::check_finite(group.keys.view, place + " keys", runner);
  rattan::check_finite(group.values.view, place + " values", runner);
  for (std::size_t h = 0; h < group.heads(); ++h) {
    const std::string queries = message(place, " queries of head ", h, " of the group");
    if (h < group.prefill_queries.size()) rattan::check_finite(group.prefill_queries[h].view, queries, runner);
    rattan::check_finite(group.decode_queries[h].view, queries + " behind the prefill", runner);
  }
}

void list_dump(const std::string& path, const datasets::QuerySplit& split, Filters& filters, Executor* executor,
               std::vector<HeadSource>& heads) {
  const auto dump = std::make_shared<const datasets::QkvDump>(datasets::QkvDump::open(path, split));
  for (const int layer : dump->layers()) {
    if (!filters.layers.takes(layer)) continue;
    for (int head = 0; head < static_cast<int>(dump->kv_heads(layer)); ++head) {
      if (!filters.kv_heads.takes(head)) continue;
      heads.push_back({path, layer, head, [dump, path, layer, head, executor] {
                         datasets::KvGroup group = dump->group(layer, head);
                         check_finite(group, message(path, " layer ", layer, " KV head ", head), executor);
                         return group;
                       }});
    }
  }
}

datasets::SyntheticParams parse_spec(const std::string& spec) {
  try {
    datasets::SyntheticParams params = datasets::parse_synthetic(spec);
    params.validate();
    return params;
  } catch (const Error& error) {
    throw UsageError("--synth " + spec + ": " + error.what());
  }
}

void list_synthetic(const std::string& spec, Filters& filters, Executor* executor, std::vector<HeadSource>& heads) {
  const datasets::SyntheticParams params = parse_spec(spec);
  if (!filters.layers.takes(0)) return;
  for (std::size_t head = 0; head < params.heads; ++head) {
    if (!filters.kv_heads.takes(static_cast<int>(head))) continue;
    heads.push_back({"synthetic " + datasets::to_string(params), 0, static_cast<int>(head),
                     [params, head, executor] { return datasets::make_synthetic(params, head, executor); }});
  }
}

void list_embedded(Filters& filters, std::vector<HeadSource>& heads) {
  const datasets::KvGroup group = datasets::embedded_group();
  const bool layer = filters.layers.takes(group.layer);
  if (filters.kv_heads.takes(group.kv_head) && layer) {
    heads.push_back({"embedded", group.layer, group.kv_head, [] { return datasets::embedded_group(); }});
  }
}

// --prefill and --group are for files alone.
void check_one_kind(const DataSelection& selection) {
  std::vector<std::string> given;
  if (!selection.paths.empty()) given.emplace_back("--data");
  if (!selection.synthetic.empty()) given.emplace_back("--synth");
  if (selection.embedded) given.emplace_back("--embedded");
  if (given.size() > 1) throw UsageError(join(given, " and ") + " are given together, allowed is one of them");
  if (!selection.paths.empty()) return;
  if (selection.split.prefill != 0) throw UsageError("--prefill is for --data; " + given.front() + " says it itself");
  if (selection.split.group != 0) throw UsageError("--group is for --data; " + given.front() + " says it itself");
}

}  // namespace

std::string source_label(const HeadSource& head, const datasets::KvGroup& group) {
  const std::string first_file = head.source.substr(0, head.source.find('+'));
  const bool names_a_file = group.source.starts_with(first_file);
  const bool says_more = !group.source.empty() && !group.source.starts_with("synthetic") && !names_a_file;
  return says_more ? head.source + " (" + group.source + ")" : head.source;
}

std::vector<HeadSource> list_heads(const DataSelection& selection, Executor* executor) {
  if (selection.paths.empty() && selection.synthetic.empty() && !selection.embedded) {
    throw UsageError("no data: give --data PATH, --synth SPEC or --embedded");
  }
  check_one_kind(selection);
  Filters filters{NumberFilter(selection.layers, "--layers"), NumberFilter(selection.kv_heads, "--kv-heads")};
  std::vector<HeadSource> heads;
  for (const std::string& path : selection.paths) list_dump(path, selection.split, filters, executor, heads);
  for (const std::string& spec : selection.synthetic) list_synthetic(spec, filters, executor, heads);
  if (selection.embedded) list_embedded(filters, heads);
  filters.layers.check_all_found();
  filters.kv_heads.check_all_found();
  if (heads.empty()) throw UsageError("--layers and --kv-heads together select no KV head");
  return heads;
}

}  // namespace rattan::bench
