#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "c_api/handle.h"
#include "c_api/matrices.h"
#include "c_api/status.h"
#include "c_api/structs.h"
#include "context/context_checks.h"
#include "core/check.h"

using rattan::c_api::guarded;
using rattan::c_api::required;

namespace {

namespace c_api = rattan::c_api;

void decode(const rattan_context* handle, uint32_t layer, const rattan_matrix* queries, float* output, float* lse,
            const rattan_budget* budget, uint32_t ith, uint32_t nth) {
  const rattan::Context& context = required(handle, "context").context;
  const rattan::SharedMatrix rows = c_api::to_matrix(required(queries, "queries"), "queries");
  required(output, "output");
  const rattan::ContextShape& shape = context.shape();
  rattan::DecodeParams params;
  if (budget != nullptr) params.budget = c_api::to_budget(*budget);
  params.slice = ith;
  params.slices = nth;
  const std::size_t heads = shape.query_heads;
  context.decode(layer, rows.view, {output, heads * shape.value_dim}, {lse, lse == nullptr ? 0 : heads}, params);
}

// Keys and values of one layer as they come in, where they lie or as copies.
template <typename Take>
void take_layer(const rattan_context& context, const rattan_matrix* keys, const rattan_matrix* values,
                const Take& take) {
  const std::uint32_t heads = context.context.shape().kv_heads;
  if (required(keys, "keys").block_table != nullptr && !context.copy_pages) {
    required(values, "values");
    take(c_api::to_all_pages(keys, heads, "keys"), c_api::to_all_pages(values, heads, "values"));
  } else {
    const auto all_keys = c_api::to_matrices(keys, heads, "keys");
    take(all_keys, c_api::to_matrices(&required(values, "values"), heads, "values"));
  }
}

// Rows [begin, begin + count) of `part` of all heads, token after token; `like` says what they are.
rattan::SharedMatrix by_token(const std::vector<rattan::HeadPages>& heads, rattan::PageRows rattan::HeadPages::*part,
                              const rattan::PagedRows& like, std::size_t begin, std::size_t count) {
  const std::size_t row_bytes = like.cols * rattan::dtype_size(like.dtype);
  const auto bytes = std::make_shared<std::vector<std::byte>>(count * heads.size() * row_bytes);
  std::byte* to = bytes->data();
  for (std::size_t i = begin; i < begin + count; ++i) {
    for (const rattan::HeadPages& head : heads) to = std::copy_n((head.*part).row(i), row_bytes, to);
  }
  return {{bytes->data(), like.dtype, count * heads.size(), like.cols}, bytes};
}

void append_pages(const rattan_context& handle, rattan::Context& into, std::uint32_t layer, std::uint64_t tokens,
                  const std::vector<rattan::PagedRows>& keys, const std::vector<rattan::PagedRows>& values,
                  const rattan::MatrixView& queries) {
  if (!handle.copy_pages) return into.append_pages(layer, tokens, keys, values, queries);
  const std::size_t before = into.tokens(layer);
  rattan::check_range<std::uint64_t>("tokens", tokens, 0, rattan::no_key);
  const std::vector<rattan::HeadPages> pages =
      rattan::check_pages(into.shape(), before + tokens, "the tokens there are and those to come", keys, values);
  into.append(layer, tokens, by_token(pages, &rattan::HeadPages::keys, keys.front(), before, tokens).view,
              by_token(pages, &rattan::HeadPages::values, values.front(), before, tokens).view, queries);
}

}  // namespace

rattan_status rattan_context_create(const rattan_shape* shape, const rattan_params* params, rattan_context** context) {
  return guarded([&] {
    rattan_params defaults;
    rattan_params_init(&defaults);
    required(context, "context");
    *context = c_api::make_context(required(shape, "shape"), params != nullptr ? *params : defaults).release();
  });
}

void rattan_context_destroy(rattan_context* context) {
  if (context != nullptr) context->submitted->wait();
  delete context;
}

rattan_status rattan_context_fork(const rattan_context* context, rattan_context** fork) {
  return guarded([&] {
    const rattan_context& from = required(context, "context");
    required(fork, "fork");
    rattan_context made{from.executor, from.exact, from.context.fork(), from.copy_pages};
    *fork = std::make_unique<rattan_context>(std::move(made)).release();
  });
}

rattan_status rattan_build_layer(rattan_context* context, uint32_t layer, const rattan_matrix* keys,
                                 const rattan_matrix* values, const rattan_matrix* queries,
                                 const int64_t* query_positions) {
  return guarded([&] {
    rattan::Context& into = required(context, "context").context;
    const rattan::ContextShape& shape = into.shape();
    const auto owners = c_api::to_matrices(queries, queries == nullptr ? 0 : shape.query_heads, "queries");
    std::vector<rattan::MatrixView> views;
    views.reserve(owners.size());
    for (const rattan::SharedMatrix& matrix : owners) views.push_back(matrix.view);
    const std::size_t positions = query_positions == nullptr || views.empty() ? 0 : views.front().rows;
    take_layer(*context, keys, values, [&](const auto& all_keys, const auto& all_values) {
      into.build_layer(layer, all_keys, all_values, views, {query_positions, positions});
    });
  });
}

rattan_status rattan_append(rattan_context* context, uint32_t layer, uint64_t tokens, const rattan_matrix* keys,
                            const rattan_matrix* values, const rattan_matrix* queries) {
  return guarded([&] {
    rattan::Context& into = required(context, "context").context;
    const rattan::SharedMatrix new_keys = c_api::to_matrix(required(keys, "keys"), "keys");
    const rattan::SharedMatrix new_values = c_api::to_matrix(required(values, "values"), "values");
    rattan::SharedMatrix asked;
    if (queries != nullptr) asked = c_api::to_matrix(*queries, "queries");
    into.append(layer, tokens, new_keys.view, new_values.view, asked.view);
  });
}

rattan_status rattan_append_pages(rattan_context* context, uint32_t layer, uint64_t tokens, const rattan_matrix* keys,
                                  const rattan_matrix* values, const rattan_matrix* queries) {
  return guarded([&] {
    rattan::Context& into = required(context, "context").context;
    const std::uint32_t heads = into.shape().kv_heads;
    const auto all_keys = c_api::to_all_pages(&required(keys, "keys"), heads, "keys");
    const auto all_values = c_api::to_all_pages(&required(values, "values"), heads, "values");
    rattan::SharedMatrix asked;
    if (queries != nullptr) asked = c_api::to_matrix(*queries, "queries");
    append_pages(*context, into, layer, tokens, all_keys, all_values, asked.view);
  });
}

rattan_status rattan_decode(const rattan_context* context, uint32_t layer, const rattan_matrix* queries, float* output,
                            float* lse, const rattan_budget* budget) {
  return guarded([&] { decode(context, layer, queries, output, lse, budget, 0, 0); });
}

rattan_status rattan_decode_slice(const rattan_context* context, uint32_t layer, const rattan_matrix* queries,
                                  float* output, float* lse, const rattan_budget* budget, uint32_t ith, uint32_t nth) {
  return guarded([&] {
    if (ith >= nth) {
      rattan::fail(rattan::ErrorCode::invalid_argument, "ith is ", ith, ", allowed is below nth, ", nth);
    }
    decode(context, layer, queries, output, lse, budget, ith, nth);
  });
}

rattan_status rattan_build_progress(const rattan_context* context, uint64_t* heads, double* seconds) {
  return guarded([&] {
    const rattan::BuildProgress progress = required(context, "context").context.build_progress();
    required(heads, "heads") = progress.heads;
    if (seconds != nullptr) *seconds = progress.seconds;
  });
}

rattan_status rattan_wait_for_builds(rattan_context* context) {
  return guarded([&] { required(context, "context").context.wait_for_builds(); });
}

rattan_status rattan_rebuild(rattan_context* context, uint32_t layer) {
  return guarded([&] { required(context, "context").context.rebuild(layer); });
}

rattan_status rattan_seal(rattan_context* context, uint32_t layer) {
  return guarded([&] { required(context, "context").context.seal(layer); });
}

rattan_status rattan_truncate(rattan_context* context, uint64_t tokens) {
  return guarded([&] { required(context, "context").context.truncate(tokens); });
}

rattan_status rattan_invalidate(rattan_context* context) {
  return guarded([&] { required(context, "context").context.invalidate(); });
}

rattan_status rattan_tokens(const rattan_context* context, uint32_t layer, uint64_t* tokens) {
  return guarded([&] {
    const rattan::Context& from = required(context, "context").context;
    required(tokens, "tokens") = from.tokens(layer);
  });
}

rattan_status rattan_context_save(const rattan_context* context, const char* folder) {
  return guarded([&] { required(context, "context").context.save(c_api::path_of(folder, "folder")); });
}

rattan_status rattan_open_layer(rattan_context* context, const char* folder, uint32_t layer, const rattan_matrix* keys,
                                const rattan_matrix* values) {
  return guarded([&] {
    rattan::Context& into = required(context, "context").context;
    const std::string path = c_api::path_of(folder, "folder");
    take_layer(*context, keys, values, [&](const auto& all_keys, const auto& all_values) {
      into.open_layer(path, layer, all_keys, all_values);
    });
  });
}
