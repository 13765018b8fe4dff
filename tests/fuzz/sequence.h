// A Context behind the C API together with what it must hold: every token's keys and values as floats. Each member
// calls the library, says what must come of it, and keeps the two in step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "rattan/c.h"
#include "tests/fuzz/attention_oracle.h"
#include "tests/fuzz/rows.h"

namespace rattan::fuzz {

// What all sequences of one life share.
struct Plan {
  rattan_shape shape;
  rattan_params params;
  bool paged = false;
  std::size_t page_rows = 4;
  Nature keys = Nature::uniform;
  Nature values = Nature::uniform;
  std::uint64_t seed = 0;

  DType dtype() const { return static_cast<DType>(shape.dtype); }
  bool copies_pages() const { return params.copy_pages == RATTAN_ON; }
  // Heads never search: every answer is exact.
  bool always_exact() const { return params.kind == RATTAN_KIND_FLAT || params.kind == RATTAN_KIND_AUTO; }
  // No seal in the background may come between two decodes.
  bool steady() const { return params.background_seal == RATTAN_OFF; }
  double scale() const;
};

// One head's tokens, as they are after rounding.
struct HeadText {
  std::vector<float> keys;
  std::vector<float> values;
};

// An engine's pages of one layer: [page][row][head][element]. What nothing stands in is NaN.
struct Pages {
  std::vector<std::uint32_t> table;
  std::vector<std::byte> keys;
  std::vector<std::byte> values;
};

struct LayerText {
  bool built = false;
  std::size_t tokens = 0;
  std::vector<HeadText> heads;
  std::shared_ptr<Pages> pages;  // of a paged layer
};

// A decode of `rows` consecutive tokens' queries.
struct Asked {
  std::uint32_t layer = 0;
  std::uint32_t rows = 1;
  std::uint64_t visible = 0;  // 0: all
  bool with_sinks = false;
  std::vector<float> queries;  // [rows * query_heads, key_dim]
  std::vector<float> sinks;    // [query_heads] or empty
  std::optional<rattan_budget> budget;
};

struct Answer {
  std::vector<float> output;
  std::vector<float> lse;
  friend bool operator==(const Answer&, const Answer&);  // to the bit
};

class Sequence {
 public:
  explicit Sequence(std::shared_ptr<const Plan> plan);  // good() is false where the parameters were refused
  ~Sequence();
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  bool good() const noexcept { return context_ != nullptr; }
  const Plan& plan() const noexcept { return *plan_; }
  rattan_context* context() const noexcept { return context_; }
  const LayerText& layer(std::size_t i) const { return layers_[i]; }
  std::size_t layers() const noexcept { return layers_.size(); }
  bool built() const;  // all layers
  std::size_t fewest_tokens() const;
  std::size_t most_tokens() const;

  void build(std::size_t tokens, bool with_queries);
  void append(std::size_t tokens, bool with_queries);
  void move_pages();
  void seal(std::uint32_t layer, bool rebuild);
  void truncate(std::size_t tokens);
  void invalidate();
  std::unique_ptr<Sequence> fork() const;
  // Null where the library had no memory for it.
  std::unique_ptr<Sequence> save_and_open(const char* folder) const;

  Asked ask(std::uint32_t layer, Nature nature, std::uint64_t seed) const;  // of one row
  std::size_t seen(const Asked& asked) const;
  Answer blank(const Asked& asked) const;
  // Fills an item that points to `asked` and `answer`.
  void fill(const Asked& asked, rattan_matrix& queries, Answer& answer, rattan_decode_item& item) const;
  void check(const Asked& asked, const Answer& answer) const;
  void count(const Asked& asked);  // for check_reports()
  void check_reports();

 private:
  Sequence(std::shared_ptr<const Plan> plan, rattan_context* context);
  LayerText next_text(const LayerText& before, std::size_t layer, std::size_t tokens);
  void write_pages(LayerText& layer, std::size_t begin, bool fresh) const;
  void keep_for_seals(const std::shared_ptr<Pages>& pages);
  std::vector<rattan_matrix> page_matrices(const LayerText& layer, bool of_keys) const;
  std::vector<rattan_matrix> borrowed_matrices(const LayerText& layer, bool of_keys);
  void check_report() const;
  bool append_to(std::size_t layer, std::size_t tokens, bool with_queries);
  void took(rattan_status status) const;  // RATTAN_OK, or RATTAN_NO_MEMORY under a limit
  void check_tokens() const;
  void check_row(const ExactAttention& exact, const Asked& asked, std::size_t tokens, const float* output,
                 const double* expected, float lse, double sink) const;

  std::shared_ptr<const Plan> plan_;
  rattan_context* context_ = nullptr;
  std::vector<LayerText> layers_;
  std::vector<SharedMatrix> borrowed_;  // by the context and its forks
  std::vector<std::shared_ptr<Pages>> former_pages_;
  std::uint64_t next_row_ = 0;  // of made text: no two tokens are the same row
  std::uint64_t steps_ = 0;
  std::uint64_t visible_ = 0;
  bool within_limit_ = true;  // a truncation may copy clusters whatever the limit is
};

// require(), which also says what the library has said.
void require_ok(rattan_status status, const char* what);

rattan_matrix matrix_of(const void* data, DType dtype, std::size_t rows, std::size_t cols);

}  // namespace rattan::fuzz
