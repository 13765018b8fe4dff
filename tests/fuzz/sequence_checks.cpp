// Decodes of a sequence, and what must be true of the answers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "tests/fuzz/sequence.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();
constexpr float unwritten = 12345.5F;

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

bool near(double x, double expected, double tolerance) { return std::abs(x - expected) <= tolerance; }

}  // namespace

bool operator==(const Answer& a, const Answer& b) { return same_bits(a.output, b.output) && same_bits(a.lse, b.lse); }

Asked Sequence::ask(std::uint32_t layer, Nature nature, std::uint64_t seed) const {
  Asked asked;
  asked.layer = layer;
  asked.queries = make_rows(nature, seed, plan_->shape.query_heads, DType::f32, plan_->shape.key_dim);
  return asked;
}

std::size_t Sequence::seen(const Asked& asked) const {
  return asked.visible != 0 ? asked.visible : layers_[asked.layer].tokens;
}

Answer Sequence::blank(const Asked& asked) const {
  const std::size_t rows = std::size_t{asked.rows} * plan_->shape.query_heads;
  return {std::vector<float>(rows * plan_->shape.value_dim, unwritten), std::vector<float>(rows, unwritten)};
}

void Sequence::fill(const Asked& asked, rattan_matrix& queries, Answer& answer, rattan_decode_item& item) const {
  queries = matrix_of(asked.queries.data(), DType::f32, std::size_t{asked.rows} * plan_->shape.query_heads,
                      plan_->shape.key_dim);
  rattan_decode_item_init(&item);
  item.layer = asked.layer;
  item.context = context_;
  item.queries = &queries;
  item.output = answer.output.data();
  item.lse = answer.lse.data();
  item.budget = asked.budget ? &*asked.budget : nullptr;
  item.rows = asked.rows;
  item.visible_tokens = asked.visible;
  item.sink_logits = asked.sinks.empty() ? nullptr : asked.sinks.data();
}

// Of one query head that sees `tokens` tokens.
void Sequence::check_row(const ExactAttention& exact, const Asked& asked, std::size_t tokens, const float* output,
                         const double* expected, float lse, double sink) const {
  const rattan_budget& budget = asked.budget ? *asked.budget : plan_->params.budget;
  const std::size_t dim = plan_->shape.value_dim;
  const auto got = static_cast<double>(lse);
  if (exact.lse == nothing) {
    require(got == nothing, "the lse of nothing is -infinity");
    require(std::all_of(output, output + dim, [](float x) { return x == 0; }), "the output of nothing is 0");
    return;
  }
  require(std::isfinite(lse), "an lse of keys is finite");
  require(std::all_of(output, output + dim, [](float x) { return std::isfinite(x); }), "outputs are finite");
  if (plan_->always_exact() || budget.k >= tokens) {
    require(near(got, exact.lse, exact.lse_tolerance), "an exact lse is that of float64");
    for (std::size_t c = 0; c < dim; ++c) {
      require(near(static_cast<double>(output[c]), expected[c], exact.output_tolerance), "exact output is float64's");
    }
    return;
  }
  const bool estimated = budget.estimate_unread == RATTAN_ON && plan_->params.clusters != 0;
  const double most = std::max(exact.largest_logit + std::log(static_cast<double>(tokens)), sink) + std::log(2.0);
  require(got <= (estimated ? most : exact.lse) + exact.lse_tolerance, "no more weight than the keys can have");
  require(sink == nothing || got >= sink - exact.lse_tolerance, "a sink is a part of the lse");
  if (plan_->params.recent != 0) {
    require(got >= exact.newest_logit - exact.lse_tolerance, "the newest token is attended");
  }
  // Mean values of clusters are rounded to halves.
  const double slack = (1 + (estimated ? 0x1p-6 : 0)) * exact.largest_value + exact.output_tolerance;
  for (std::size_t c = 0; c < dim; ++c) {
    require(std::abs(static_cast<double>(output[c])) <= slack, "outputs are means of values");
  }
}

void Sequence::check(const Asked& asked, const Answer& answer) const {
  const rattan_shape& shape = plan_->shape;
  const LayerText& layer = layers_[asked.layer];
  const std::size_t group = shape.query_heads / shape.kv_heads;
  std::vector<double> expected(shape.value_dim);
  for (std::size_t row = 0; row < asked.rows; ++row) {
    // The last row sees all; of an empty layer there is one row.
    const std::size_t tokens = seen(asked) - std::min(seen(asked), asked.rows - 1 - row);
    for (std::size_t h = 0; h < shape.query_heads; ++h) {
      const std::size_t at = row * shape.query_heads + h;
      const HeadText& text = layer.heads[h / group];
      const double sink = asked.sinks.empty() ? nothing : static_cast<double>(asked.sinks[h]);
      const ExactAttention exact = exact_attention(asked.queries.data() + at * shape.key_dim, tokens, shape.key_dim,
                                                   text.keys.data(), shape.value_dim, text.values.data(),
                                                   {plan_->scale(), plan_->params.logit_cap, sink}, expected);
      check_row(exact, asked, tokens, answer.output.data() + at * shape.value_dim, expected.data(), answer.lse[at],
                sink);
    }
  }
}

void Sequence::count(const Asked& asked) {
  steps_ += std::uint64_t{asked.rows} * plan_->shape.query_heads;
  for (std::size_t row = 0; row < asked.rows; ++row) {
    visible_ += (seen(asked) - std::min(seen(asked), row)) * plan_->shape.query_heads;
  }
}

void Sequence::check_report() const {
  std::size_t needed = 0;
  require_ok(rattan_report(context_, nullptr, 0, &needed), "there is a report");
  std::string text(needed + 1, '#');
  std::size_t again = 0;
  require_ok(rattan_report(context_, text.data(), needed, &again), "there is a report");
  require(again == needed, "the same report");
  require(needed == 0 || (text[needed - 1] == '\0' && text[needed] == '#'), "a report ends where it says");
}

void Sequence::check_reports() {
  rattan_stats stats;
  rattan_stats_init(&stats);
  require_ok(rattan_get_stats(context_, &stats), "there are statistics");
  require(stats.steps == steps_, "every query head that was decoded is counted");
  require(stats.keys_visible == visible_, "every key that was visible is counted");
  require(stats.keys_window + stats.keys_retrieved <= stats.keys_visible, "no key is attended twice");
  require(std::isfinite(stats.uncertainty) && stats.uncertainty >= 0, "uncertainty is a number");
  if (steps_ % 3 == 0) {
    require_ok(rattan_reset_stats(context_), "statistics can be reset");
    steps_ = visible_ = 0;
  }
  if (plan_->steady()) check_report();
  std::uint64_t bytes = 0;
  require_ok(rattan_memory(context_, &bytes), "memory is known");
  const std::uint64_t limit = plan_->params.memory_limit;
  require(limit == 0 || !within_limit_ || bytes <= limit, "memory stays within its limit");
}

}  // namespace rattan::fuzz
