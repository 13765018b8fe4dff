// Files of KV heads by a writer that lies with correct checksums, opened, decoded, appended to, sealed and saved again
// through the C API (FAULTS A1-A18, R7).
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "rattan/c.h"
#include "storage/checksum.h"
#include "tests/fuzz/attention_oracle.h"
#include "tests/fuzz/rows.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/sections.h"
#include "tests/fuzz/sequence.h"
#include "tests/support/c_contexts.h"

namespace rattan::fuzz {
namespace {

constexpr std::size_t tokens = 40;
constexpr std::size_t dim = 3;
constexpr std::size_t query_heads = 2;
constexpr const char* file_name = "layer_0000_head_0000.rattan";

constexpr std::array<std::string_view, 8> section_names = {"head",  "window",       "settings", "degrees",
                                                           "edges", "entry_points", "clusters", "kept_queries"};

struct Text {
  std::vector<float> keys = make_rows(Nature::uniform, 1, tokens, DType::f16, dim);
  std::vector<float> values = make_rows(Nature::uniform, 2, tokens, DType::f16, dim);
  std::vector<float> queries = make_rows(Nature::uniform, 3, query_heads, DType::f32, dim);
  SharedMatrix key_rows = stored_rows(keys, tokens, dim, DType::f16);
  SharedMatrix value_rows = stored_rows(values, tokens, dim, DType::f16);
};

const Text& text() {
  static const Text made;
  return made;
}

rattan_matrix half_rows(const SharedMatrix& rows) {
  return matrix_of(rows.view.data, rows.view.dtype, rows.view.rows, rows.view.cols);
}

// A context of one layer with one KV head.
class Head {
 public:
  explicit Head(rattan_kind kind) {
    const test::SmallSizes sizes{.query_heads = query_heads,
                                 .dim = dim,
                                 .dtype = RATTAN_F16,
                                 .k = 4,
                                 .clusters = 5,
                                 .links_k = 6,
                                 .max_degree = 4};
    rattan_params params = test::params_of(sizes, kind);
    params.kept_queries = 8;
    params.threads = 1;
    require_ok(test::create_context(sizes, params, &context_), "a context is made");
  }
  ~Head() { rattan_context_destroy(context_); }
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  rattan_context* get() const noexcept { return context_; }

  void decode(std::uint32_t k, bool estimate, std::size_t held) const {
    rattan_budget budget;
    rattan_budget_init(&budget);
    budget.k = k;
    budget.estimate_unread = estimate ? RATTAN_ON : RATTAN_OFF;
    std::array<float, query_heads * dim> output{};
    std::array<float, query_heads> lse{};
    const rattan_matrix queries = matrix_of(text().queries.data(), DType::f32, query_heads, dim);
    const rattan_status status = rattan_decode(context_, 0, &queries, output.data(), lse.data(), &budget);
    // A file's means of keys may be so large that their scores are no numbers: that is said.
    if (status == RATTAN_INVALID_ARGUMENT && estimate) return;
    require_ok(status, "it is decoded");
    for (const float x : output) require(std::isfinite(x), "outputs are finite");
    if (k < held) return;
    for (std::size_t h = 0; h < query_heads; ++h) {
      std::array<double, dim> expected{};
      const ExactAttention exact = exact_attention(
          text().queries.data() + h * dim, held, dim, keys_.data(), dim, values_.data(),
          {1 / std::sqrt(static_cast<double>(dim)), 0, -std::numeric_limits<double>::infinity()}, expected);
      require(std::abs(static_cast<double>(lse[h]) - exact.lse) <= exact.lse_tolerance, "all keys make the exact lse");
    }
  }

  // The same tokens once more.
  void append() {
    constexpr std::size_t count = 12;
    const rattan_matrix keys = matrix_of(text().key_rows.view.data, DType::f16, count, dim);
    const rattan_matrix values = matrix_of(text().value_rows.view.data, DType::f16, count, dim);
    require_ok(rattan_append(context_, 0, count, &keys, &values, nullptr), "it is appended to");
    keys_.insert(keys_.end(), text().keys.begin(), text().keys.begin() + count * dim);
    values_.insert(values_.end(), text().values.begin(), text().values.begin() + count * dim);
  }

 private:
  rattan_context* context_ = nullptr;
  std::vector<float> keys_ = text().keys;
  std::vector<float> values_ = text().values;
};

const ScratchFolder& folder() {
  static const ScratchFolder made;
  return made;
}

// The first fields of "head": what keys and values the file is of.
void repair_identity(Bytes& section) {
  std::size_t at = 0;
  const auto put = [&](std::uint64_t value, std::size_t width) {
    if (at + width <= section.size()) std::memcpy(section.data() + at, &value, width);
    at += width;
  };
  for (const SharedMatrix* rows : {&text().key_rows, &text().value_rows}) {
    put(tokens, 8);
    put(dim, 8);
    put(static_cast<std::uint64_t>(rows->view.dtype), 4);
    put(fingerprint(rows->view), 8);
  }
}

void use(Head& head) {
  head.decode(1U << 20, true, tokens);
  head.decode(3, true, tokens);
  head.decode(3, false, tokens);
  head.append();
  head.decode(3, true, tokens);
  require_ok(rattan_seal(head.get(), 0), "it is sealed");
  head.decode(3, true, tokens);
  head.decode(1U << 20, false, tokens + 12);
  require_ok(rattan_context_save(head.get(), folder().path().c_str()), "it is saved");
  require_ok(rattan_truncate(head.get(), 20), "it is truncated");
  head.decode(3, true, 20);
}

}  // namespace

// The kind that is asked for, then the sections. The identity is right unless the byte has its highest bit.
void run(std::span<const std::byte> input) {
  ByteSource in(input);
  const std::uint32_t way = in.u8();
  ContainerWriter writer("kv_head");
  for (const std::string_view name : section_names) {
    auto content = read_section(in);
    if (!content) continue;
    if (name == "head" && (way & 0x80U) == 0) repair_identity(*content);
    writer.add(std::string(name), std::move(*content));
  }
  folder().write(file_name, writer.bytes());
  Head head(way % 4);
  const rattan_matrix keys = half_rows(text().key_rows);
  const rattan_matrix values = half_rows(text().value_rows);
  const rattan_status status = rattan_open_layer(head.get(), folder().path().c_str(), 0, &keys, &values);
  if (status == RATTAN_OK) return use(head);
  require(status == RATTAN_CORRUPT || status == RATTAN_INVALID_ARGUMENT || status == RATTAN_VERSION_MISMATCH,
          "a wrong file is called wrong");
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  for (const rattan_kind kind : {RATTAN_KIND_AUTO, RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH}) {
    Head head(kind);
    const rattan_matrix keys = half_rows(text().key_rows);
    const rattan_matrix values = half_rows(text().value_rows);
    const rattan_matrix queries[query_heads] = {keys, values};
    require_ok(rattan_build_layer(head.get(), 0, &keys, &values, queries, nullptr), "a layer is built");
    require_ok(rattan_context_save(head.get(), folder().path().c_str()), "a layer is saved");
    Bytes input{static_cast<std::byte>(kind)};
    append_sections(input, Container::open(folder().path() / file_name), section_names);
    all.push_back(input);
  }
  return all;
}

}  // namespace rattan::fuzz
