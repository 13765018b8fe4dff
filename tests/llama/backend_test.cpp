// The backend as llama.cpp uses it: loaded from its file, behind ggml's scheduler, over a graph of one layer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

namespace {

constexpr int dim = 32, kv_heads = 2, query_heads = 4, cells = 256;

// One graph computed by a scheduler: writes of keys and values, then attention.
class Graph {
 public:
  Graph(ggml_backend_sched_t scheduler, ggml_tensor* keys, ggml_tensor* values, int tokens) : scheduler_(scheduler) {
    context_ = ggml_init({std::size_t{64} * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true});
    new_keys_ = input(GGML_TYPE_F32, dim * kv_heads, tokens);
    new_values_ = input(GGML_TYPE_F32, dim * kv_heads, tokens);
    queries_ = input(GGML_TYPE_F32, dim, query_heads, tokens);
    cells_ = input(GGML_TYPE_I64, tokens);
    mask_ = input(GGML_TYPE_F16, cells, tokens);
    graph_ = ggml_new_graph(context_);
    ggml_build_forward_expand(graph_, ggml_set_rows(context_, keys, new_keys_, cells_));
    ggml_build_forward_expand(graph_, ggml_set_rows(context_, values, new_values_, cells_));
    output_ = ggml_flash_attn_ext(context_, ggml_permute(context_, queries_, 0, 2, 1, 3), view(keys), view(values),
                                  mask_, 0.2F, 0, 0);
    ggml_set_output(output_);
    ggml_build_forward_expand(graph_, output_);
    ggml_backend_sched_reset(scheduler_);
    ggml_backend_sched_alloc_graph(scheduler_, graph_);
  }
  ~Graph() { ggml_free(context_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  std::vector<float> compute(int first_cell, unsigned seed) {
    srand(seed);
    for (ggml_tensor* tensor : {new_keys_, new_values_, queries_}) fill(tensor);
    const auto tokens = static_cast<int>(cells_->ne[0]);
    std::vector<std::int64_t> written;
    std::vector<ggml_fp16_t> mask;
    for (int token = 0; token < tokens; ++token) {
      written.push_back(first_cell + token);
      for (int cell = 0; cell < cells; ++cell) {
        mask.push_back(ggml_fp32_to_fp16(cell <= written.back() ? 0 : -std::numeric_limits<float>::infinity()));
      }
    }
    ggml_backend_tensor_set(cells_, written.data(), 0, ggml_nbytes(cells_));
    ggml_backend_tensor_set(mask_, mask.data(), 0, ggml_nbytes(mask_));
    EXPECT_EQ(ggml_backend_sched_graph_compute(scheduler_, graph_), GGML_STATUS_SUCCESS);
    std::vector<float> result(static_cast<std::size_t>(ggml_nelements(output_)));
    ggml_backend_tensor_get(output_, result.data(), 0, ggml_nbytes(output_));
    return result;
  }

  const char* attention_backend() {
    return ggml_backend_name(ggml_backend_sched_get_tensor_backend(scheduler_, output_));
  }

 private:
  ggml_tensor* input(ggml_type type, std::int64_t a, std::int64_t b = 1, std::int64_t c = 1) {
    ggml_tensor* tensor = ggml_new_tensor_3d(context_, type, a, b, c);
    ggml_set_input(tensor);
    return tensor;
  }
  ggml_tensor* view(ggml_tensor* cache) {
    ggml_tensor* rows = ggml_view_4d(context_, cache, dim, kv_heads, cells, 1, dim * sizeof(ggml_fp16_t), cache->nb[1],
                                     cache->nb[1] * cells, 0);
    return ggml_permute(context_, rows, 0, 2, 1, 3);
  }
  static void fill(ggml_tensor* tensor) {
    std::vector<float> numbers(static_cast<std::size_t>(ggml_nelements(tensor)));
    for (float& number : numbers) number = static_cast<float>(rand()) / static_cast<float>(RAND_MAX) * 2 - 1;
    ggml_backend_tensor_set(tensor, numbers.data(), 0, ggml_nbytes(tensor));
  }

  ggml_backend_sched_t scheduler_;
  ggml_context* context_ = nullptr;
  ggml_tensor *new_keys_, *new_values_, *queries_, *cells_, *mask_, *output_;
  ggml_cgraph* graph_ = nullptr;
};

// A cache with a scheduler over the given backends.
class Engine {
 public:
  explicit Engine(std::vector<ggml_backend_t> backends) : backends_(std::move(backends)) {
    scheduler_ = ggml_backend_sched_new(backends_.data(), nullptr, static_cast<int>(backends_.size()),
                                        GGML_DEFAULT_GRAPH_SIZE, false, false);
    context_ = ggml_init({std::size_t{4} * ggml_tensor_overhead(), nullptr, true});
    keys_ = ggml_set_name(ggml_new_tensor_2d(context_, GGML_TYPE_F16, dim * kv_heads, cells), "cache_k_l0");
    values_ = ggml_set_name(ggml_new_tensor_2d(context_, GGML_TYPE_F16, dim * kv_heads, cells), "cache_v_l0");
    buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(context_, ggml_backend_cpu_buffer_type());
    ggml_backend_buffer_clear(buffer_, 0);
  }
  ~Engine() {
    ggml_backend_sched_free(scheduler_);
    ggml_backend_buffer_free(buffer_);
    ggml_free(context_);
    for (ggml_backend_t backend : backends_) ggml_backend_free(backend);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::vector<float> step(int tokens, int first_cell, unsigned seed) {
    Graph graph(scheduler_, keys_, values_, tokens);
    used_ = graph.attention_backend();
    return graph.compute(first_cell, seed);
  }
  const std::string& used() const { return used_; }

 private:
  std::vector<ggml_backend_t> backends_;
  ggml_backend_sched_t scheduler_;
  ggml_context* context_;
  ggml_tensor *keys_, *values_;
  ggml_backend_buffer_t buffer_;
  std::string used_;
};

TEST(Backend, AnswersAsGgmlDoes) {
  setenv("RATTAN_LLAMA_FROM", "40", 1);
  setenv("RATTAN_LLAMA_KIND", "flat", 1);
  ggml_backend_load_all_from_path(std::getenv("GGML_BACKENDS"));
  ASSERT_NE(ggml_backend_load(std::getenv("RATTAN_GGML")), nullptr);
  ggml_backend_t rattan = ggml_backend_init_by_name("RATTAN", nullptr);
  ASSERT_NE(rattan, nullptr);
  Engine ours({rattan, ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)});
  Engine theirs({ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)});

  unsigned seed = 1;
  const auto compare = [&](int tokens, int first_cell) {
    const std::vector<float> a = ours.step(tokens, first_cell, ++seed);
    const std::vector<float> b = theirs.step(tokens, first_cell, seed);
    ASSERT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - b[i]));
    EXPECT_LT(largest, 2e-3) << tokens << " tokens at cell " << first_cell;  // ggml adds values in fp16
  };
  compare(32, 0);
  EXPECT_EQ(ours.used(), "CPU");  // nothing is written yet
  compare(32, 32);
  EXPECT_EQ(ours.used(), "RATTAN");
  for (int cell = 64; cell < 80; ++cell) compare(1, cell);
  compare(3, 80);
  compare(1, 81);   // a draft of which one token was kept
  compare(40, 50);  // cut, and another prompt
  for (int cell = 90; cell < 100; ++cell) compare(1, cell);
}

}  // namespace
