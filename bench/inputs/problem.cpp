#include "bench/inputs/problem.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "bench/inputs/usage_error.h"
#include "core/check.h"
#include "core/half.h"
#include "simd/kernels.h"

namespace rattan::bench {
namespace {

constexpr std::size_t default_link_rows = 16384;
constexpr std::size_t window_share = 4;

void check_group(const datasets::KvGroup& group) {
  if (group.heads() == 0 || group.decode_queries.front().view.rows == 0) {
    fail(ErrorCode::invalid_argument, "no decode query rows, at least 1 is needed to measure recall");
  }
  if (group.prefill == 0 || group.prefill > group.keys.view.rows) {
    fail(ErrorCode::invalid_argument, "prefill is ", group.prefill, ", allowed is 1 to ", group.keys.view.rows);
  }
  for (const SharedMatrix& queries : group.decode_queries) {
    if (queries.view.cols == group.dim() && queries.view.dtype == group.decode_queries.front().view.dtype) continue;
    fail(ErrorCode::invalid_argument, "decode queries have ", queries.view.cols, " columns of ",
         to_string(queries.view.dtype), ", keys have ", group.dim());
  }
}

std::string describe(const Window& window, const ProblemOptions& asked) {
  std::string text = message("sinks ", window.sinks, ", recent ", window.recent);
  if (window.sinks != asked.sinks || window.recent != asked.recent) {
    text += message(" (shrunk from ", asked.sinks, " and ", asked.recent, ": the data is small)");
  }
  return text;
}

template <typename Encode>
void encode_rows(const MatrixView& from, std::byte* to, std::size_t element, const Encode& encode) {
  const simd::ToFloat to_float = simd::kernels().widen(from.dtype);
  std::vector<float> row(from.cols);
  for (std::size_t i = 0; i < from.rows; ++i) {
    to_float(from.row(i), from.cols, row.data());
    for (std::size_t c = 0; c < from.cols; ++c) encode(row[c], to + (i * from.cols + c) * element);
  }
}

}  // namespace

SharedMatrix convert(const SharedMatrix& matrix, DType dtype) {
  const MatrixView& from = matrix.view;
  if (from.dtype == dtype || from.rows == 0) return matrix;
  const std::size_t element = dtype_size(dtype);
  auto bytes = std::make_shared<std::vector<std::byte>>(from.rows * from.cols * element);
  const auto put_half = [](std::uint16_t half, std::byte* to) { std::memcpy(to, &half, sizeof half); };
  switch (dtype) {
    case DType::f32:
      encode_rows(from, bytes->data(), element, [](float v, std::byte* to) { std::memcpy(to, &v, sizeof v); });
      break;
    case DType::f16:
      encode_rows(from, bytes->data(), element, [&](float v, std::byte* to) { put_half(to_f16(v), to); });
      break;
    case DType::bf16:
      encode_rows(from, bytes->data(), element, [&](float v, std::byte* to) { put_half(to_bf16(v), to); });
      break;
  }
  return {MatrixView(bytes->data(), dtype, from.rows, from.cols), bytes};
}

void reencode(datasets::KvGroup& group, std::optional<DType> keys_as, std::optional<DType> queries_as) {
  if (keys_as) {
    group.keys = convert(group.keys, *keys_as);
    group.values = convert(group.values, *keys_as);
  }
  if (!queries_as) return;
  for (SharedMatrix& queries : group.prefill_queries) queries = convert(queries, *queries_as);
  for (SharedMatrix& queries : group.decode_queries) queries = convert(queries, *queries_as);
}

Window fit_window(std::size_t prefill, std::uint32_t sinks, std::uint32_t recent) {
  const std::uint64_t wanted = std::uint64_t{sinks} + recent;
  const std::uint64_t room = prefill / window_share;
  if (wanted <= room) return {sinks, recent};
  return {static_cast<std::uint32_t>(sinks * room / wanted), static_cast<std::uint32_t>(recent * room / wanted)};
}

HeadProblem make_problem(datasets::KvGroup group, const ProblemOptions& options, const ExactTopK& exact) {
  check_group(group);
  HeadProblem problem;
  reencode(group, options.keys_as, options.queries_as);
  const Window window = fit_window(group.prefill, options.sinks, options.recent);
  problem.window = describe(window, options);
  problem.indexed = {window.sinks, static_cast<KeyId>(group.prefill - window.recent)};
  problem.keys = {group.keys.view.slice(window.sinks, problem.indexed.end - problem.indexed.begin), group.keys.owner};
  problem.heads = group.heads();
  problem.k = options.k;
  problem.steps = options.queries;
  for (const SharedMatrix& queries : group.decode_queries) {
    problem.steps = std::min(problem.steps, queries.view.rows);
  }
  problem.queries = gather_steps({&group, 1}, 0, problem.steps);
  for (std::size_t step = 0; step < problem.steps; ++step) {
    problem.positions.insert(problem.positions.end(), problem.heads, group.decode_positions.at(step));
  }
  problem.truth = exact.find(problem.queries.view, problem.keys.view, options.k, Metric::inner_product);
  problem.group = std::move(group);
  return problem;
}

std::size_t link_step(std::size_t rows, const LinkOptions& options) {
  if (options.query_step != 0) return options.query_step;
  return std::max<std::size_t>(1, (rows + default_link_rows / 2) / default_link_rows);
}

std::vector<std::int64_t> link_positions(const HeadProblem& problem, std::size_t rows, const LinkOptions& options) {
  std::vector<std::int64_t> positions;
  for (std::size_t row = 0; row < rows; row += link_step(rows, options)) {
    positions.push_back(problem.group.prefill_positions.at(row) - static_cast<std::int64_t>(problem.indexed.begin));
  }
  return positions;
}

std::vector<NeighborTable> make_links(const HeadProblem& problem, const LinkOptions& options, const ExactTopK& exact) {
  const std::size_t keys = problem.keys.view.rows;
  // The default is for heads of any size: of few keys all are linked.
  if (options.k >= keys && options.k != LinkOptions{}.k) {
    throw UsageError(message("--links-k is ", options.k, ", allowed is below the ", keys,
                             " indexed keys: every key of every query would be linked"));
  }
  std::vector<NeighborTable> tables;
  for (const SharedMatrix& queries : problem.group.prefill_queries) {
    const std::size_t rows = queries.view.rows - std::min(options.left_out, queries.view.rows);
    Visibility visible;
    std::vector<std::int64_t> positions;
    if (options.causal) positions = link_positions(problem, rows, options);
    visible.positions = positions;
    tables.push_back(exact.find(queries.view.slice(0, rows).every(link_step(rows, options)), problem.keys.view,
                                options.k, Metric::inner_product, visible));
  }
  return tables;
}

SharedMatrix gather_steps(std::span<const datasets::KvGroup> groups, std::size_t first, std::size_t count) {
  std::vector<const MatrixView*> heads;
  for (const datasets::KvGroup& group : groups) {
    for (const SharedMatrix& queries : group.decode_queries) heads.push_back(&queries.view);
  }
  const MatrixView& like = *heads.front();
  const std::size_t row_bytes = like.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(count * heads.size() * row_bytes);
  for (std::size_t i = 0; i < count * heads.size(); ++i) {
    std::memcpy(bytes->data() + i * row_bytes, heads[i % heads.size()]->row(first + i / heads.size()), row_bytes);
  }
  return {MatrixView(bytes->data(), like.dtype, count * heads.size(), like.cols), bytes};
}

}  // namespace rattan::bench
