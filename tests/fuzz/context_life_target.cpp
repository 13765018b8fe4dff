// A byte string as the life of sequences: built, appended to, sealed, truncated, forked, saved, opened, decoded one by
// one, in slices, in batches and beside the caller, with every answer compared with float64 where it must be exact, and
// with what must hold where it is not (FAULTS C1-C4, D1-D14, E1, F11, G4).
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/sequence.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {
namespace {

constexpr std::size_t most_sequences = 3;

// Builds and seals of what searches take their time: such lives are short.
struct Bounds {
  std::size_t tokens;
  std::size_t steps;
  std::size_t seals;
};
constexpr Bounds of_exact = {.tokens = 256, .steps = 24, .seals = 8};
constexpr Bounds of_searching = {.tokens = 80, .steps = 10, .seals = 2};

Nature nature_of(ByteSource& in) { return static_cast<Nature>(in.below(natures)); }

void set_shape(ByteSource& in, Plan& plan) {
  rattan_shape_init(&plan.shape);
  plan.shape.layers = 1 + in.below(2);
  plan.shape.kv_heads = 1 + in.below(2);
  plan.shape.query_heads = plan.shape.kv_heads * (1 + in.below(3));
  constexpr std::uint32_t dims[] = {8, 1, 2, 3, 5, 16, 17, 32};
  plan.shape.key_dim = in.one_of(dims);
  plan.shape.value_dim = in.one_of(dims);
  plan.shape.dtype = in.below(3);
}

rattan_budget budget_of(ByteSource& in) {
  constexpr std::uint32_t widths[] = {3, 1, 10, 40, 1U << 20};
  constexpr double epsilons[] = {0, 0, 0.3, 0.02, 1e-4};
  rattan_budget budget;
  rattan_budget_init(&budget);
  budget.k = in.one_of(widths);
  budget.epsilon = in.one_of(epsilons);
  budget.most_k = std::max(budget.k, 64U);
  budget.estimate_unread = in.flag() ? RATTAN_OFF : RATTAN_ON;
  return budget;
}

void set_params(ByteSource& in, Plan& plan) {
  rattan_params& params = plan.params;
  rattan_params_init(&params);
  constexpr rattan_kind kinds[] = {RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH, RATTAN_KIND_AUTO};
  constexpr double scales[] = {0, 0, 1, 1e-30, 65536, 0.01};
  constexpr double caps[] = {0, 0, 50, 1e-6, 1000};
  constexpr std::uint32_t counts[] = {0, 1, 4, 16, 40};
  constexpr std::uint64_t limits[] = {0, 0, 0, 20'000, 60'000, 4'000};
  params.kind = in.one_of(kinds);
  params.softmax_scale = in.one_of(scales);
  params.logit_cap = in.one_of(caps);
  params.sinks = in.one_of(counts);
  params.recent = in.one_of(counts);
  params.clusters = in.one_of(counts);
  params.seal_after = in.one_of(counts);
  params.kept_queries = in.one_of(counts);
  params.memory_limit = in.one_of(limits);
  params.budget = budget_of(in);
  params.links_k = 1 + in.below(24);
  params.max_degree = 2 + in.below(16);
  params.link_queries = 1 + in.below(64);
  params.capacity = in.flag() ? 64 : 100'000;
  params.threads = 1;
  const std::uint32_t rare = in.u8();
  params.background_seal = rare % 16 == 1 ? RATTAN_ON : RATTAN_OFF;
  plan.paged = rare % 4 == 2;
  params.copy_pages = plan.paged && rare % 8 == 2 ? RATTAN_ON : RATTAN_OFF;
  plan.page_rows = 1 + in.below(7);
}

std::shared_ptr<const Plan> plan_of(ByteSource& in) {
  auto plan = std::make_shared<Plan>();
  set_shape(in, *plan);
  set_params(in, *plan);
  plan->keys = nature_of(in);
  plan->values = nature_of(in);
  plan->seed = in.u8();
  return plan;
}

class Life {
 public:
  explicit Life(ByteSource in)
      : in_(in), plan_(plan_of(in_)), bounds_(plan_->always_exact() ? of_exact : of_searching) {}

  void live() {
    sequences_.push_back(std::make_unique<Sequence>(plan_));
    if (!sequences_.front()->good()) return;
    sequences_.front()->build(some_tokens(), in_.flag());
    for (; bounds_.steps > 0 && !in_.empty(); --bounds_.steps) step();
    for (const auto& sequence : sequences_) sequence->check_reports();
  }

 private:
  Sequence& any() { return *sequences_[in_.below(static_cast<std::uint32_t>(sequences_.size()))]; }

  void step() {
    Sequence& sequence = any();
    switch (in_.below(14)) {
      case 0:
      case 1: return decode(sequence);
      case 2: return append(sequence);
      case 3: return seal(sequence);
      case 4: return sequence.truncate(in_.u8() * (sequence.most_tokens() + 2) / 256);
      case 5: return adopt(sequence.fork());
      case 6: return save_and_open(sequence);
      case 7: return batch(false);
      case 8: return in_.below(4) == 0 ? batch(true) : batch(false);
      case 9: return sequence.move_pages();
      case 10: return refused(sequence);
      case 11: return in_.below(4) == 0 ? rebuilt(sequence) : sequence.check_reports();
      case 12: return append_one_by_one(sequence);
      default: return destroy();
    }
  }

  std::size_t some_tokens() { return in_.u8() * (bounds_.tokens * 3 / 4) / 256; }

  void seal(Sequence& sequence) {
    if (bounds_.seals == 0) return;
    --bounds_.seals;
    sequence.seal(any_layer(), in_.below(8) == 0);
  }

  std::uint32_t any_layer() { return in_.below(plan_->shape.layers); }

  void adopt(std::unique_ptr<Sequence> other) {
    if (other == nullptr || !other->good()) return;
    if (sequences_.size() < most_sequences) {
      sequences_.push_back(std::move(other));
    } else {
      sequences_[in_.below(most_sequences)] = std::move(other);
    }
  }

  void destroy() {
    if (sequences_.size() < 2) return;
    sequences_.erase(sequences_.begin() + in_.below(static_cast<std::uint32_t>(sequences_.size())));
  }

  void append(Sequence& sequence) {
    const std::size_t tokens = some_tokens() / 2;
    const bool with_queries = in_.flag();
    if (sequence.most_tokens() + tokens <= bounds_.tokens) sequence.append(tokens, with_queries);
  }

  void append_one_by_one(Sequence& sequence) {
    const std::size_t times = in_.below(6);
    for (std::size_t i = 0; i < times && sequence.most_tokens() < bounds_.tokens; ++i) sequence.append(1, true);
  }

  void rebuilt(Sequence& sequence) {
    if (bounds_.seals == 0) return;
    --bounds_.seals;
    sequence.invalidate();
    sequence.build(some_tokens() / 2, in_.flag());
  }

  void save_and_open(Sequence& sequence) {
    static const ScratchFolder folder;
    if (sequence.built()) adopt(sequence.save_and_open(folder.path().c_str()));
  }

  Asked asked_of(const Sequence& sequence, std::uint32_t layer) {
    Asked asked = sequence.ask(layer, nature_of(in_), in_.u8());
    if (in_.flag()) asked.budget = budget_of(in_);
    return asked;
  }

  // The same by rattan_decode and in slices.
  void decode(Sequence& sequence) {
    const std::uint32_t layer = any_layer();
    Asked asked = asked_of(sequence, layer);
    const rattan_matrix queries =
        matrix_of(asked.queries.data(), DType::f32, plan_->shape.query_heads, plan_->shape.key_dim);
    const rattan_budget* const budget = asked.budget ? &*asked.budget : nullptr;
    Answer answer = sequence.blank(asked);
    const Answer untouched = answer;
    const rattan_status status =
        rattan_decode(sequence.context(), layer, &queries, answer.output.data(), answer.lse.data(), budget);
    if (!sequence.layer(layer).built) {
      require(status == RATTAN_INVALID_ARGUMENT && answer == untouched, "a layer that is not built is not decoded");
      return;
    }
    require_ok(status, "a layer is decoded");
    sequence.check(asked, answer);
    sequence.count(asked);
    const std::uint32_t slices = 1 + in_.below(3);
    Answer sliced = sequence.blank(asked);
    for (std::uint32_t i = 0; i < slices; ++i) {
      require_ok(rattan_decode_slice(sequence.context(), layer, &queries, sliced.output.data(), sliced.lse.data(),
                                     budget, i, slices),
                 "a slice is decoded");
    }
    require(!plan_->steady() || sliced == answer, "slices make up the whole");
    sequence.count(asked);
  }

  // Several rows, fewer visible tokens, sinks.
  Asked asked_of_item(const Sequence& sequence) {
    Asked asked = asked_of(sequence, any_layer());
    const std::size_t tokens = sequence.layer(asked.layer).tokens;
    if (in_.flag() && tokens != 0) asked.visible = 1 + in_.u8() * tokens / 256;
    asked.rows = 1 + static_cast<std::uint32_t>(in_.below(4) % std::max<std::size_t>(sequence.seen(asked), 1));
    for (std::uint32_t row = 1; row < asked.rows; ++row) {
      const Asked next = sequence.ask(asked.layer, nature_of(in_), row);
      asked.queries.insert(asked.queries.end(), next.queries.begin(), next.queries.end());
    }
    if (in_.below(4) == 0) {
      constexpr float logits[] = {0, -5, 300, -std::numeric_limits<float>::infinity(), 1e-3F};
      for (std::uint32_t h = 0; h < plan_->shape.query_heads; ++h) asked.sinks.push_back(in_.one_of(logits));
    }
    return asked;
  }

  void batch(bool beside) {
    std::vector<Sequence*> of;
    std::vector<Asked> asked;
    for (std::size_t count = 1 + in_.below(3); count > 0; --count) {
      Sequence& sequence = any();
      if (!sequence.built()) return;
      of.push_back(&sequence);
      asked.push_back(asked_of_item(sequence));
    }
    const std::vector<Answer> answers = decode_items(of, asked, beside);
    for (std::size_t i = 0; i < of.size(); ++i) {
      of[i]->check(asked[i], answers[i]);
      check_rows(*of[i], asked[i], answers[i]);
    }
  }

  std::vector<Answer> decode_items(const std::vector<Sequence*>& of, const std::vector<Asked>& asked, bool beside) {
    std::vector<rattan_matrix> queries(of.size());
    std::vector<rattan_decode_item> items(of.size());
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < of.size(); ++i) {
      answers.push_back(of[i]->blank(asked[i]));
      of[i]->fill(asked[i], queries[i], answers[i], items[i]);
      of[i]->count(asked[i]);
    }
    if (beside) {
      rattan_pending* pending = nullptr;
      require_ok(rattan_submit(items.data(), items.size(), &pending), "a batch is submitted");
      require_ok(rattan_wait(pending), "a submitted batch is decoded");
    } else {
      require_ok(rattan_decode_batch(items.data(), items.size()), "a batch is decoded");
    }
    return answers;
  }

  // Rows together are to the bit what they are one by one.
  void check_rows(Sequence& sequence, const Asked& asked, const Answer& together) {
    if (asked.rows < 2 || !plan_->steady()) return;
    const std::size_t heads = plan_->shape.query_heads;
    const std::uint32_t row = in_.below(asked.rows);
    Asked one = asked;
    one.rows = 1;
    one.visible = sequence.seen(asked) - (asked.rows - 1 - row);
    const auto width = static_cast<std::ptrdiff_t>(heads * plan_->shape.key_dim);
    one.queries.assign(asked.queries.begin() + row * width, asked.queries.begin() + (row + 1) * width);
    const Answer alone = decode_items({&sequence}, {one}, false).front();
    const auto lse = together.lse.begin() + static_cast<std::ptrdiff_t>(row * heads);
    require(std::equal(alone.lse.begin(), alone.lse.end(), lse), "rows together are as rows alone: lse");
    const auto output = together.output.begin() + static_cast<std::ptrdiff_t>(row * heads * plan_->shape.value_dim);
    require(std::equal(alone.output.begin(), alone.output.end(), output), "rows together are as rows alone: output");
  }

  // Calls that break their contract change nothing.
  void refused(Sequence& sequence) {
    rattan_context* const context = sequence.context();
    const std::uint32_t layers = plan_->shape.layers;
    Asked asked = asked_of(sequence, 0);
    rattan_matrix queries;
    rattan_decode_item item;
    Answer answer = sequence.blank(asked);
    const Answer untouched = answer;
    sequence.fill(asked, queries, answer, item);
    rattan_status status = RATTAN_OK;
    switch (in_.below(9)) {
      case 0: asked.queries[in_.u8() % asked.queries.size()] = NAN; break;
      case 1: asked.queries[in_.u8() % asked.queries.size()] = 16777216.0F; break;
      case 2: item.layer = layers + in_.u8(); break;
      case 3: item.visible_tokens = sequence.most_tokens() + 1 + in_.u8(); break;
      case 4: item.rows = static_cast<std::uint32_t>(sequence.most_tokens()) + 2 + in_.u8(); break;
      case 5: queries.cols += 1; break;
      case 6: item.queries = nullptr; break;
      case 7: status = rattan_seal(context, layers + in_.u8()); break;
      default: status = rattan_truncate(context, sequence.most_tokens() + 1 + in_.u8());
    }
    if (status == RATTAN_OK) status = rattan_decode_batch(&item, 1);
    require(status == RATTAN_INVALID_ARGUMENT, "a call outside its contract is refused");
    require(answer == untouched, "a refused call writes nothing");
    require(rattan_last_error()[0] != '\0', "a refused call says why");
  }

  ByteSource in_;
  std::shared_ptr<const Plan> plan_;
  Bounds bounds_;  // steps and seals: those to come
  std::vector<std::unique_ptr<Sequence>> sequences_;
};

}  // namespace

void run(std::span<const std::byte> input) { Life(ByteSource(input)).live(); }

// A life of every kind with each step in it.
std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  for (std::uint32_t kind = 0; kind < 3; ++kind) {
    for (const std::uint32_t rare : {0U, 2U, 6U}) {
      Bytes life;
      const auto add = [&](std::initializer_list<std::uint32_t> numbers) {
        for (const std::uint32_t number : numbers) life.push_back(static_cast<std::byte>(number));
      };
      add({kind, 1, 1, 0, 0, 2 - kind % 3});                       // shape
      add({kind, 0, 0, 2, 3, 3, 2, 4, 0, 0, 0, 0, 12, 6, 30, 0});  // params
      add({rare, 3, 0, 0, 1, 150, 1});                             // pages, natures, the build
      add({0, 2, 60, 1});                                          // append
      Bytes other = life;
      for (std::uint32_t step = 0; step < 14; ++step) add({0, step, 1, 0, 7, 1, 0, 0, 1, 2, 3, 1, 40, 1});
      all.push_back(life);
      life = other;
      for (std::uint32_t step = 14; step-- > 0;) add({0, step, 0, 40, 7, 1, 2, 1, 1, 2, 3, 1, 40, 1});
      all.push_back(life);
    }
  }
  return all;
}

}  // namespace rattan::fuzz
