#include "context/context_checks.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "core/check.h"
#include "core/parallel.h"
#include "scan/checked_matrix.h"

namespace rattan {
namespace {

// The name in two pieces: every append comes by here, and text is only made of it where it is needed.
void check_same(std::string_view what, std::string_view part, std::size_t value, std::size_t allowed,
                std::string_view why) {
  if (value == allowed) return;
  fail(ErrorCode::invalid_argument, what, part, " is ", value, ", allowed is ", allowed, " (", why, ")");
}

void check_heads(const ContextShape& shape, std::size_t keys, std::size_t values) {
  check_same("keys", ".size()", keys, shape.kv_heads, "ContextShape::kv_heads");
  check_same("values", ".size()", values, shape.kv_heads, "ContextShape::kv_heads");
}

void check_dtype(std::string_view name, DType dtype, DType allowed) {
  if (dtype == allowed) return;
  fail(ErrorCode::invalid_argument, name, ".dtype is ", to_string(dtype), ", allowed is ", to_string(allowed),
       " (ContextShape::dtype)");
}

// Rows of `heads` heads for each of `tokens` tokens.
void check_token_rows(const MatrixView& matrix, std::string_view name, std::size_t tokens, std::size_t heads,
                      std::size_t dim) {
  check_same(name, ".rows", matrix.rows, tokens * heads, "tokens times heads");
  if (tokens == 0) return;
  check_same(name, ".cols", matrix.cols, dim, "ContextShape");
  check_matrix(matrix, name);
}

void check_positions(std::span<const std::int64_t> positions, std::size_t rows) {
  if (positions.empty()) return;
  check_same("query_positions", ".size()", positions.size(), rows, "the queries' rows");
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] >= 0) continue;
    fail(ErrorCode::invalid_argument, "query_positions[", i, "] is ", positions[i], ", allowed is 0 or more");
  }
}

void check_sinks(const ContextShape& shape, std::span<const float> logits) {
  if (logits.empty()) return;
  check_same("DecodeParams::sink_logits", ".size()", logits.size(), shape.query_heads, "query_heads, or 0");
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] < std::numeric_limits<float>::infinity()) continue;
    fail(ErrorCode::invalid_argument, "DecodeParams::sink_logits[", i, "] is ", logits[i],
         ", allowed is a number or -infinity");
  }
}

}  // namespace

CheckedPrefill check_prefill(const ContextShape& shape, std::size_t capacity, std::span<const SharedMatrix> keys,
                             std::span<const SharedMatrix> values, Executor& executor) {
  check_heads(shape, keys.size(), values.size());
  const std::size_t rows = keys.front().view.rows;
  check_range<std::size_t>("keys[0].rows", rows, 0, capacity);
  const auto check = [&](const SharedMatrix& matrix, const std::string& name, std::size_t dim, std::string_view why) {
    check_same(name, ".rows", matrix.view.rows, rows, "the rows of keys[0]");
    check_same(name, ".cols", matrix.view.cols, dim, why);
    check_dtype(name, matrix.view.dtype, shape.dtype);
    return CheckedMatrix(matrix, name, executor, Allowed::below_2_24);
  };
  CheckedPrefill prefill;
  for (std::size_t h = 0; h < keys.size(); ++h) {
    prefill.keys.push_back(check(keys[h], message("keys[", h, "]"), shape.key_dim, "ContextShape::key_dim"));
    prefill.values.push_back(check(values[h], message("values[", h, "]"), shape.value_dim, "ContextShape::value_dim"));
  }
  return prefill;
}

std::vector<HeadPages> check_pages(const ContextShape& shape, std::size_t rows, std::string_view why,
                                   std::span<const PagedRows> keys, std::span<const PagedRows> values) {
  check_heads(shape, keys.size(), values.size());
  const auto check = [&](const PagedRows& pages, const std::string& name, std::size_t dim, std::string_view dim_why) {
    check_same(name, ".rows", pages.rows, rows, why);
    check_same(name, ".cols", pages.cols, dim, dim_why);
    check_dtype(name, pages.dtype, shape.dtype);
    return checked_pages(pages, name + ".");
  };
  std::vector<HeadPages> all;
  for (std::size_t h = 0; h < keys.size(); ++h) {
    all.push_back({check(keys[h], message("keys[", h, "]"), shape.key_dim, "ContextShape::key_dim"),
                   check(values[h], message("values[", h, "]"), shape.value_dim, "ContextShape::value_dim")});
  }
  return all;
}

void check_queries(const ContextShape& shape, std::span<const MatrixView> queries,
                   std::span<const std::int64_t> positions, Executor& executor) {
  if (!queries.empty())
    check_same("queries", ".size()", queries.size(), shape.query_heads, "ContextShape::query_heads");
  const std::size_t rows = queries.empty() ? 0 : queries.front().rows;
  for (std::size_t h = 0; h < queries.size(); ++h) {
    const std::string name = message("queries[", h, "]");
    check_same(name, ".rows", queries[h].rows, rows, "the rows of queries[0]");
    if (rows == 0) continue;
    check_same(name, ".cols", queries[h].cols, shape.key_dim, "ContextShape::key_dim");
    check_matrix(queries[h], name);
    if (queries[h].dtype != queries.front().dtype) {
      fail(ErrorCode::invalid_argument, name, ".dtype is ", to_string(queries[h].dtype), ", allowed is ",
           to_string(queries.front().dtype), " (as queries[0])");
    }
    check_finite(queries[h], name, executor, Allowed::below_2_24);
  }
  check_positions(positions, rows);
}

void check_tokens(const ContextShape& shape, std::size_t capacity, std::size_t before, std::size_t tokens,
                  const MatrixView& keys, const MatrixView& values, const MatrixView& queries) {
  check_range<std::size_t>("tokens", tokens, 0, capacity - before);
  check_token_rows(keys, "keys", tokens, shape.kv_heads, shape.key_dim);
  check_token_rows(values, "values", tokens, shape.kv_heads, shape.value_dim);
  if (queries.rows != 0) check_token_rows(queries, "queries", tokens, shape.query_heads, shape.key_dim);
  if (tokens == 0) return;
  // Before any element is read: rows of another type may be longer than they are.
  check_dtype("keys", keys.dtype, shape.dtype);
  check_dtype("values", values.dtype, shape.dtype);
  check_finite(keys, "keys", serial_executor(), Allowed::below_2_24);
  check_finite(values, "values", serial_executor(), Allowed::below_2_24);
  if (queries.rows != 0) check_finite(queries, "queries", serial_executor(), Allowed::below_2_24);
}

void check_page_tokens(const ContextShape& shape, std::size_t before, std::size_t tokens,
                       std::span<const HeadPages> pages, const MatrixView& queries) {
  if (queries.rows != 0) check_token_rows(queries, "queries", tokens, shape.query_heads, shape.key_dim);
  const auto check = [&](const PageRows& rows, std::string_view name, std::size_t h, std::size_t cols) {
    for (std::size_t i = before; i < before + tokens; ++i) {
      const MatrixView row(rows.row(i), shape.dtype, 1, cols);
      if (is_allowed(row, Allowed::below_2_24)) continue;
      check_finite(row, message(name, "[", h, "], token ", i), serial_executor(), Allowed::below_2_24);
    }
  };
  for (std::size_t h = 0; h < pages.size(); ++h) {
    check(pages[h].keys, "keys", h, shape.key_dim);
    check(pages[h].values, "values", h, shape.value_dim);
  }
  if (queries.rows != 0) check_finite(queries, "queries", serial_executor(), Allowed::below_2_24);
}

// Allocates nothing where all is well.
void check_decode(const ContextShape& shape, std::size_t tokens, const MatrixView& queries, std::size_t output,
                  std::size_t lse, const DecodeParams& params) {
  if (params.visible_tokens && *params.visible_tokens > tokens) {
    fail(ErrorCode::invalid_argument, "DecodeParams::visible_tokens is ", *params.visible_tokens,
         ", allowed is at most the tokens of the layer, ", tokens);
  }
  const std::size_t seen = params.visible_tokens.value_or(tokens);
  const std::size_t rows = params.rows;
  if (rows == 0 || rows > std::max<std::size_t>(seen, 1)) {
    fail(ErrorCode::invalid_argument, "DecodeParams::rows is ", rows, ", allowed is 1 to the tokens that are seen, ",
         seen);
  }
  const std::size_t query_rows = rows * shape.query_heads;
  check_same("queries", ".rows", queries.rows, query_rows, "DecodeParams::rows * ContextShape::query_heads");
  check_same("queries", ".cols", queries.cols, shape.key_dim, "ContextShape::key_dim");
  check_same("output", ".size()", output, query_rows * shape.value_dim, "rows * query_heads * value_dim");
  if (lse != 0) check_same("lse", ".size()", lse, query_rows, "rows * query_heads, or 0");
  if (params.slices != 0 && params.slice >= params.slices) {
    fail(ErrorCode::invalid_argument, "DecodeParams::slice is ", params.slice, ", allowed is below slices, ",
         params.slices);
  }
  if (params.budget) params.budget->validate();
  check_sinks(shape, params.sink_logits);
  check_finite(queries, "queries", serial_executor(), Allowed::below_2_24);
}

}  // namespace rattan
