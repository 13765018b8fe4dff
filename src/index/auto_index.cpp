#include "index/auto_index.h"

#include "core/check.h"
#include "core/parallel.h"
#include "index/choose_kind.h"
#include "index/registry.h"
#include "scan/checked_matrix.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

constexpr std::uint32_t largest_k = 1U << 20;
constexpr std::uint32_t largest_width = 1U << 24;
constexpr std::uint32_t longest_explanation = 4096;

// A text and how long it is.
void write_text(ByteWriter& writer, std::string_view text) {
  writer.u32(static_cast<std::uint32_t>(text.size()));
  writer.array(std::span(text.data(), text.size()));
}

std::string read_text(ByteReader& reader, std::string_view field, std::uint32_t longest) {
  return reader.text(reader.number_in<std::uint32_t>(field, 0, longest), field);
}

std::string explain(const ChosenKind& chosen, const AutoBuildParams& params, std::size_t rows) {
  return message("chosen: ", chosen.index->kind(), "\nwanted recall: ", params.recall, " at k ", params.k,
                 "\ncalibration: ", rows / params.group, " groups of ", params.group, "\n", chosen.words(": ", "\n"),
                 "\n");
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

AutoIndex::AutoIndex(const CheckedMatrix& keys, Metric metric, std::shared_ptr<const Index> chosen, AutoChoice choice)
    : Index(keys, metric),
      chosen_(std::move(chosen)),
      choice_(std::move(choice)),
      width_{&kind_of(*chosen_), choice_.k, choice_.width, choice_.row_widths} {}

std::string AutoIndex::describe() const { return choice_.explanation + chosen_->describe(); }

void AutoIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  SearchParams inner = params;
  width_.apply(params.k, inner);
  table = chosen_->search(queries, inner);
}

void AutoIndex::write_sections(ContainerWriter& writer) const {
  ByteWriter choice;
  write_text(choice, chosen_->kind());
  choice.u32(choice_.k);
  choice.u32(choice_.width);
  write_text(choice, choice_.explanation);
  write_row_widths(choice, choice_.row_widths);
  writer.add("choice", choice.take());
  write_sections_of(*chosen_, writer);
}

std::unique_ptr<Index> open_auto(const Container& container, const CheckedMatrix& keys, Metric metric,
                                 Executor& executor) {
  ByteReader reader = container.section("choice");
  const std::string kind = read_text(reader, "chosen kind", 16);
  AutoChoice choice;
  choice.k = reader.number_in<std::uint32_t>("k", 1, largest_k);
  choice.width = reader.number_in<std::uint32_t>("width", 0, largest_width);
  choice.explanation = read_text(reader, "explanation", longest_explanation);
  if (reader.remaining() != 0) choice.row_widths = read_row_widths(reader);  // not in files of before 2026-11-28
  reader.expect_end();
  const IndexKind* const inner = find_kind(kind);
  if (inner == nullptr || !inner->contender) {
    fail(ErrorCode::corrupt, container.name(), ": chosen kind is \"", kind,
         "\", allowed are those that build_auto chooses among");
  }
  std::unique_ptr<Index> chosen = inner->open(container, keys, metric, executor);
  return std::make_unique<AutoIndex>(keys, metric, std::move(chosen), std::move(choice));
}

std::unique_ptr<Index> build_auto(SharedMatrix keys, std::span<const NeighborTable> links, MatrixView calibration,
                                  Metric metric, const AutoBuildParams& params, BuildStats* stats) {
  return build_auto(CheckedMatrix(std::move(keys), "keys", executor_or_default(params.executor)), links, calibration,
                    metric, params, stats);
}

std::unique_ptr<Index> build_auto(const CheckedMatrix& keys, std::span<const NeighborTable> links,
                                  MatrixView calibration, Metric metric, const AutoBuildParams& params,
                                  BuildStats* stats) {
  params.validate();
  check_calibration(calibration, keys.view(), params, executor_or_default(params.executor));
  BuildInputs inputs{keys, metric, links, calibration, {.graph = params.graph, .automatic = params}, params.executor};
  const ChosenKind chosen = choose_kind(
      contenders(!links.empty()), inputs, [](const IndexKind&, double microseconds) { return microseconds; }, stats);
  AutoChoice choice{params.k, chosen.width.width, explain(chosen, params, calibration.rows), chosen.width.row_widths};
  return std::make_unique<AutoIndex>(keys, metric, chosen.index, std::move(choice));
}

}  // namespace rattan
