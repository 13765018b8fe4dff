#include "rattan/index.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "c_api/handle.h"
#include "c_api/matrices.h"
#include "c_api/status.h"
#include "c_api/structs.h"
#include "core/parallel.h"
#include "index/choose_kind.h"
#include "index/registry.h"
#include "rattan/c.h"
#include "rattan/exact_topk.h"

using rattan::c_api::guarded;
using rattan::c_api::required;

struct rattan_index {
  std::shared_ptr<rattan::Executor> executor;  // null: the default one
  std::unique_ptr<rattan::Index> index;
};

namespace {

namespace c_api = rattan::c_api;
using rattan::check_range;
using rattan::ErrorCode;
using rattan::fail;
using rattan::MatrixView;
using rattan::Metric;
using rattan::NeighborTable;

// Queries of a build: those that are linked, and the last ones, by which kinds are compared.
struct Evidence {
  MatrixView linked;
  MatrixView calibration;
};

Evidence evidence_of(const MatrixView& queries, bool calibrates, const rattan_index_params& params) {
  Evidence evidence{queries, {}};
  if (calibrates) {
    const std::size_t groups = queries.rows / params.group;
    const std::size_t held_out = std::clamp<std::size_t>(groups / 16, std::min<std::size_t>(groups, 1), 64);
    const std::size_t rows = held_out * params.group;
    evidence.calibration = queries.slice(queries.rows - rows, rows);
    evidence.linked = queries.slice(0, queries.rows - rows);
  }
  if (params.link_queries != 0 && evidence.linked.rows > params.link_queries) {
    const std::size_t step = (evidence.linked.rows + params.link_queries - 1) / params.link_queries;
    evidence.linked = evidence.linked.every(step);
  }
  return evidence;
}

std::vector<NeighborTable> links_of(const MatrixView& queries, const MatrixView& keys, Metric metric,
                                    std::uint32_t links_k, rattan::Executor* executor) {
  std::vector<NeighborTable> links;
  if (queries.rows == 0) return links;
  links.push_back(rattan::make_exact_topk_cpu(executor)->find(queries, keys, links_k, metric));
  return links;
}

const rattan::IndexKind& row_of(rattan_kind kind, bool with_queries) {
  check_range<std::uint32_t>("params.kind", kind, RATTAN_KIND_AUTO, rattan::last_head_kind());
  if (kind != RATTAN_KIND_AUTO) return *rattan::find_head_kind(kind);
  if (!with_queries) return *rattan::contenders(false).back();
  for (const rattan::IndexKind& row : rattan::index_kinds()) {
    if (row.calibrates) return row;
  }
  fail(ErrorCode::unsupported, "params.kind is RATTAN_KIND_AUTO, and no kind chooses among the others");
}

std::unique_ptr<rattan::Index> build(const rattan::SharedMatrix& keys, const MatrixView& queries,
                                     const rattan_index_params& params, rattan::Executor* executor) {
  const rattan::IndexKind& kind = row_of(params.kind, queries.rows != 0);
  check_range<std::uint32_t>("params.metric", params.metric, RATTAN_INNER_PRODUCT, RATTAN_L2);
  check_range<std::uint32_t>("params.links_k", params.links_k, 1, 1024);
  rattan::BuildInputs inputs;
  inputs.metric = static_cast<Metric>(params.metric);
  inputs.executor = executor;
  inputs.params.graph.max_degree = params.max_degree;
  inputs.params.graph.seed = params.seed;
  inputs.params.automatic.k = params.k;
  inputs.params.automatic.group = params.group;
  inputs.params.automatic.recall = params.recall;
  inputs.params.graph.validate();
  inputs.params.automatic.validate();
  if (queries.rows == 0 && kind.needs_links) {
    fail(ErrorCode::invalid_argument, "queries has no rows, allowed is 1 or more for the kind ", kind.name);
  }
  inputs.keys = rattan::CheckedMatrix(keys, "keys", rattan::executor_or_default(executor));
  std::vector<NeighborTable> links;
  if (kind.needs_links || kind.calibrates) {
    const Evidence evidence = evidence_of(queries, kind.calibrates, params);
    links = links_of(evidence.linked, keys.view, inputs.metric, params.links_k, executor);
    inputs.calibration = evidence.calibration;
  }
  inputs.links = links;
  return kind.build(inputs, nullptr);
}

rattan::SearchParams to_search(const rattan_search_params& given, rattan::Executor* executor) {
  rattan_search_params params;
  rattan_search_params_init(&params);
  params = c_api::read_struct(given, params, "params");
  rattan::SearchParams to;
  to.k = params.k;
  check_range<std::uint32_t>("params.k", params.k, 0, 1U << 20);
  to.group = params.group;
  if (params.beam_width != 0) to.beam_width = params.beam_width;
  if (params.rerank != 0) to.rerank = params.rerank;
  to.candidate_range = {params.first_key, params.end_key};
  to.executor = executor;
  return to;
}

void write(const NeighborTable& table, std::uint32_t* ids, float* scores, rattan_search_stats* stats) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::ranges::copy(table.ids(row), ids + row * table.k());
    if (scores != nullptr) std::ranges::copy(table.scores(row), scores + row * table.k());
  }
  if (stats == nullptr) return;
  rattan::SearchStats sums;
  for (const rattan::SearchStats& group : table.stats) sums += group;
  const rattan_search_stats all{
      sizeof(rattan_search_stats), 0, sums.keys_scored, sums.codes_scored, sums.nodes_expanded, sums.bytes_read};
  c_api::write_bytes(&all, stats, sizeof all, "stats");
}

}  // namespace

void rattan_index_params_init(rattan_index_params* params) {
  if (params == nullptr) return;
  const rattan::AutoBuildParams defaults;
  *params = {};
  params->struct_size = sizeof *params;
  params->kind = RATTAN_KIND_AUTO;
  params->metric = RATTAN_INNER_PRODUCT;
  params->links_k = rattan::ContextParams().links_k;
  params->link_queries = rattan::ContextParams().link_queries;
  params->max_degree = defaults.graph.max_degree;
  params->k = defaults.k;
  params->group = defaults.group;
  params->recall = defaults.recall;
  params->seed = defaults.graph.seed;
}

void rattan_search_params_init(rattan_search_params* params) {
  if (params == nullptr) return;
  const rattan::SearchParams defaults;
  *params = {};
  params->struct_size = sizeof *params;
  params->k = defaults.k;
  params->group = defaults.group;
  params->first_key = defaults.candidate_range.begin;
  params->end_key = defaults.candidate_range.end;
}

void rattan_search_stats_init(rattan_search_stats* stats) {
  if (stats == nullptr) return;
  *stats = {};
  stats->struct_size = sizeof *stats;
}

rattan_status rattan_index_build(const rattan_matrix* keys, const rattan_matrix* queries,
                                 const rattan_index_params* params, rattan_index** index) {
  return guarded([&] {
    rattan_index_params all;
    rattan_index_params_init(&all);
    if (params != nullptr) all = c_api::read_struct(*params, all, "params");
    const rattan::SharedMatrix rows = c_api::to_matrix(required(keys, "keys"), "keys");
    rattan::SharedMatrix asked;
    if (queries != nullptr) asked = c_api::to_matrix(*queries, "queries");
    required(index, "index");
    auto made = std::make_unique<rattan_index>();
    made->executor = c_api::make_executor(all.threads);
    made->index = build(rows, asked.view, all, made->executor.get());
    *index = made.release();
  });
}

void rattan_index_destroy(rattan_index* index) { delete index; }

rattan_status rattan_index_save(const rattan_index* index, const char* file) {
  return guarded([&] { required(index, "index").index->save(c_api::path_of(file, "file")); });
}

rattan_status rattan_index_open(const char* file, const rattan_matrix* keys, uint32_t threads, rattan_index** index) {
  return guarded([&] {
    const std::filesystem::path path = c_api::path_of(file, "file");
    rattan::SharedMatrix rows = c_api::to_matrix(required(keys, "keys"), "keys");
    required(index, "index");
    auto made = std::make_unique<rattan_index>();
    made->executor = c_api::make_executor(threads);
    made->index = rattan::open_index(path, std::move(rows), made->executor.get());
    *index = made.release();
  });
}

rattan_status rattan_index_search(const rattan_index* index, const rattan_matrix* queries,
                                  const rattan_search_params* params, uint32_t* ids, float* scores,
                                  rattan_search_stats* stats) {
  return guarded([&] {
    const rattan_index& from = required(index, "index");
    const rattan::SharedMatrix asked = c_api::to_matrix(required(queries, "queries"), "queries");
    required(ids, "ids");
    if (stats != nullptr) c_api::check_size(stats, "stats");
    rattan_search_params defaults;
    rattan_search_params_init(&defaults);
    const rattan::SearchParams how = to_search(params != nullptr ? *params : defaults, from.executor.get());
    write(from.index->search(asked.view, how), ids, scores, stats);
  });
}

rattan_status rattan_index_describe(const rattan_index* index, char* text, size_t size, size_t* needed) {
  return guarded([&] {
    const rattan::Index& from = *required(index, "index").index;
    required(needed, "needed");
    if (size != 0) required(text, "text");
    *needed = c_api::write_text(rattan::message("kind: ", from.kind(), "\n", from.describe()), text, size);
  });
}

rattan_status rattan_index_memory(const rattan_index* index, uint64_t* bytes) {
  return guarded([&] {
    const rattan::Index& from = *required(index, "index").index;
    required(bytes, "bytes") = from.memory().total();
  });
}
