#include "index/auto_index.h"

#include <algorithm>
#include <array>

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "index/calibrate.h"
#include "index/checks.h"
#include "index/flat_index.h"
#include "index/graph_index.h"
#include "index/scan4_index.h"
#include "scan/finite.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

constexpr std::uint32_t largest_k = 1U << 20;
constexpr std::uint32_t largest_width = 1U << 24;
constexpr std::uint32_t longest_explanation = 4096;

// Kinds that may stand inside. They read their own sections of the same file.
struct InnerKind {
  std::string_view name;
  std::unique_ptr<Index> (*open)(const Container& container, SharedMatrix keys, Metric metric);
};
constexpr std::array inner_kinds{InnerKind{"flat", open_flat}, InnerKind{"graph", open_graph},
                                 InnerKind{"scan4", open_scan4}};

// A text and how long it is.
void write_text(ByteWriter& writer, std::string_view text) {
  writer.u32(static_cast<std::uint32_t>(text.size()));
  writer.array(std::span(text.data(), text.size()));
}

std::string read_text(ByteReader& reader, std::string_view field, std::uint32_t longest) {
  return reader.text(reader.number_in<std::uint32_t>(field, 0, longest), field);
}

std::string explain(const std::vector<Trial>& trials, const Trial& chosen, const AutoBuildParams& params,
                    std::size_t rows) {
  std::string text = message("chosen: ", chosen.index->kind(), "\nwanted recall: ", params.recall, " at k ", params.k,
                             "\ncalibration: ", rows / params.group, " groups of ", params.group, "\n");
  for (const Trial& trial : trials) {
    text += message(trial.index->kind(), ": ");
    if (!trial.reached) {
      text += message("recall ", trial.recall, " at width ", trial.width, ", not enough\n");
      continue;
    }
    text += message(trial.microseconds, " us a group, recall ", trial.recall);
    if (trial.width != 0) text += message(", width ", trial.width);
    text += "\n";
  }
  return text;
}

void check_calibration(const MatrixView& calibration, const MatrixView& keys, const AutoBuildParams& params,
                       Executor& executor) {
  check_matrix(calibration, "calibration");
  if (calibration.cols != keys.cols) {
    fail(ErrorCode::invalid_argument, "calibration has dim ", calibration.cols, ", allowed is ", keys.cols,
         " (the keys' dim)");
  }
  if (calibration.rows == 0 || calibration.rows % params.group != 0) {
    fail(ErrorCode::invalid_argument, "calibration has ", calibration.rows,
         " rows, allowed is a positive multiple of AutoBuildParams::group, ", params.group);
  }
  check_finite(calibration, "calibration", executor);
}

}  // namespace

AutoIndex::AutoIndex(SharedMatrix keys, Metric metric, std::unique_ptr<Index> chosen, AutoChoice choice,
                     Executor* executor)
    : Index(std::move(keys), metric, executor), chosen_(std::move(chosen)), choice_(std::move(choice)) {}

std::string AutoIndex::describe() const { return choice_.explanation + chosen_->describe(); }

void AutoIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  SearchParams inner = params;
  apply_choice(inner);
  table = chosen_->search(queries, inner);
}

void AutoIndex::apply_choice(SearchParams& params) const {
  const auto width = (std::uint64_t{choice_.width} * params.k + choice_.k - 1) / choice_.k;
  apply_width(chosen_->kind(), static_cast<std::uint32_t>(std::clamp<std::uint64_t>(width, 1, largest_width)), params);
}

void AutoIndex::write_sections(ContainerWriter& writer) const {
  ByteWriter choice;
  write_text(choice, chosen_->kind());
  choice.u32(choice_.k);
  choice.u32(choice_.width);
  write_text(choice, choice_.explanation);
  writer.add("choice", choice.take());
  write_sections_of(*chosen_, writer);
}

std::unique_ptr<Index> open_auto(const Container& container, SharedMatrix keys, Metric metric) {
  ByteReader reader = container.section("choice");
  const std::string kind = read_text(reader, "chosen kind", 16);
  AutoChoice choice;
  choice.k = reader.number_in<std::uint32_t>("k", 1, largest_k);
  choice.width = reader.number_in<std::uint32_t>("width", 0, largest_width);
  choice.explanation = read_text(reader, "explanation", longest_explanation);
  reader.expect_end();
  const auto inner = std::ranges::find(inner_kinds, kind, &InnerKind::name);
  if (inner == inner_kinds.end()) {
    fail(ErrorCode::corrupt, container.name(), ": chosen kind is \"", kind, "\", allowed are flat, graph and scan4");
  }
  std::unique_ptr<Index> chosen = inner->open(container, keys, metric);
  return std::make_unique<AutoIndex>(std::move(keys), metric, std::move(chosen), std::move(choice));
}

std::unique_ptr<Index> build_auto(SharedMatrix keys, std::span<const NeighborTable> links, MatrixView calibration,
                                  Metric metric, const AutoBuildParams& params, BuildStats* stats) {
  params.validate();
  check_matrix(keys.view, "keys");
  check_calibration(calibration, keys.view, params, executor_or_default(params.executor));
  std::vector<std::unique_ptr<Index>> candidates;
  candidates.push_back(build_flat(keys, metric));
  candidates.push_back(build_scan4(keys, metric, {params.executor}, stats));
  if (!links.empty()) {
    GraphBuildParams graph = params.graph;
    graph.executor = params.executor;
    candidates.push_back(build_graph(keys, links, metric, graph, stats));
  }
  BuildTimer timer(stats);
  std::vector<const Index*> tried;
  for (const auto& candidate : candidates) tried.push_back(candidate.get());
  const std::vector<Trial> trials = try_out(tried, calibration, params);
  std::size_t best = 0;
  for (std::size_t i = 1; i < trials.size(); ++i) {
    if (trials[i].reached && trials[i].microseconds < trials[best].microseconds) best = i;
  }
  AutoChoice choice{params.k, trials[best].width, explain(trials, trials[best], params, calibration.rows)};
  timer.stage("calibrate");
  return std::make_unique<AutoIndex>(std::move(keys), metric, std::move(candidates[best]), std::move(choice),
                                     params.executor);
}

}  // namespace rattan
