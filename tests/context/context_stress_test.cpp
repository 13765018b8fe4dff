// Appends, decodes, in batches too, seals, promotes, saves, opens, forks, reports, truncates and destroys at once, with
// more threads than cores, lifetime after lifetime, every other one in pages, half of them while their indexes are
// built in the background. Runs for RATTAN_STRESS_SECONDS (2 where it is not set); meant for ThreadSanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/random.h"
#include "rattan/context.h"
#include "tests/context/marked_text.h"
#include "tests/context/paged_text.h"
#include "tests/context/stress_cases.h"
#include "tests/support/files.h"
#include "tests/support/stress.h"

namespace rattan::test {
namespace {

constexpr std::size_t prefill = 320;
// Appended at once, a seal in the background is ordered.
constexpr std::size_t enough_to_seal = 4 * stress_seal_after;
constexpr std::size_t decoders = 5;
constexpr std::size_t stress_page_rows = 16;

struct Figures {
  std::atomic<std::size_t> decodes, batches, appended, seals, sealed, promoted, opened, forks, reports;
};

class Lifetime {
 public:
  Lifetime(const StressTexts& texts, std::size_t number, Figures& figures)
      : texts_(texts),
        number_(number),
        figures_(figures),
        params_(stress_params(number)),
        paged_(number % 2 == 1),
        pages_(texts.plus, stress_page_rows, stress_capacity, number),
        context_(texts.shape, params_) {
    if (paged_) {
      pages_.build(context_, prefill);
    } else {
      texts.plus.build(context_, prefill);
    }
  }

  void run() {
    {
      std::vector<std::jthread> threads;
      threads.emplace_back([this] { write(); });
      threads.emplace_back([this] { save_and_open(); });
      threads.emplace_back([this] { fork(); });
      threads.emplace_back([this] { batch(); });
      threads.emplace_back([this] { report(); });
      for (std::size_t i = 0; i < decoders; ++i) threads.emplace_back([this, i] { decode(i); });
    }
    after_truncation();
  }

  std::string faults;

 private:
  void write() {
    for (std::size_t next = prefill, step = 0; next < stress_capacity; ++step) {
      const std::size_t count = std::min<std::size_t>(1 + random_below(number_, step, 9), stress_capacity - next);
      append(context_, paged_ ? &pages_ : nullptr, texts_.plus, next, count);
      next += count;
      known_.store(next, std::memory_order_release);
      // Against the background's seals for a while, then these alone.
      if (step / 32 % 2 == 0 && step % 8 == 7) seal();
      std::this_thread::yield();
    }
    figures_.appended += stress_capacity - prefill;
    done_.store(true);
  }

  void decode(std::size_t thread) {
    std::size_t count = thread;
    for (bool last = false; !last; count += decoders) {
      last = done_.load();
      check(context_, known_.load(std::memory_order_acquire), {stress_capacity}, count);
    }
  }

  // Both layers of the context and of a fork that shares with it, in one call.
  void batch() {
    const std::size_t outputs = std::size_t{texts_.shape.query_heads} * texts_.shape.value_dim;
    for (bool last = false; !last; ++figures_.batches) {
      last = done_.load();
      const Context other = context_.fork();
      const SharedMatrix asked = texts_.plus.token_queries(0, figures_.batches % prefill, 1);
      std::vector<std::vector<float>> output(4, std::vector<float>(outputs, -1));
      std::vector<Context::DecodeItem> items(4);
      for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].context = i < 2 ? &context_ : &other;
        items[i].layer = static_cast<std::uint32_t>(i % 2);
        items[i].queries = asked.view;
        items[i].output = output[i];
      }
      Context::decode_batch(items);
      for (const std::vector<float>& values : output) {
        if (!std::ranges::all_of(values, [](float x) { return x >= 0 && x <= stress_capacity; })) fault("batch", 0);
      }
    }
  }

  void save_and_open() {
    const TempDirectory folder;
    for (bool last = false; !last; ++figures_.opened) {
      last = done_.load();
      const std::size_t before = known_.load(std::memory_order_acquire);
      context_.save(folder.path());
      const std::size_t after = std::max(context_.tokens(0), context_.tokens(1));
      Context opened(texts_.shape, params_);
      const std::size_t tokens = open_saved(opened, folder, before, after);
      const std::size_t kept = std::min(tokens, stress_capacity - enough_to_seal);
      opened.truncate(kept);
      go_another_way(opened, nullptr, kept, figures_.opened);
    }
  }

  // What was saved has some number of tokens between the two.
  std::size_t open_saved(Context& opened, const TempDirectory& folder, std::size_t before, std::size_t after) {
    for (std::size_t tokens = before; tokens <= after; ++tokens) {
      try {
        for (std::uint32_t layer = 0; layer < texts_.shape.layers; ++layer) {
          opened.open_layer(folder.path(), layer, texts_.plus.keys(layer, tokens), texts_.plus.values(layer, tokens));
        }
        return tokens;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_argument) throw;
      }
    }
    fault("what was saved does not open", after);
    return 0;
  }

  void fork() {
    for (bool last = false; !last; ++figures_.forks) {
      last = done_.load();
      Context other = context_.fork();
      // The writer was perhaps between two layers.
      const std::size_t tokens = std::min(other.tokens(0), other.tokens(1));
      const std::size_t kept = std::min(tokens, stress_capacity - enough_to_seal);
      if (tokens < prefill) fault("a fork lacks tokens", tokens);
      other.truncate(kept);
      if (!paged_) {
        go_another_way(other, nullptr, kept, figures_.forks);
        continue;
      }
      // Its tokens so far go on lying in the origin's pages until it has some of its own.
      PagedText pages(texts_.plus, stress_page_rows, stress_capacity, figures_.forks);
      pages.write(texts_.plus, 0, kept);
      go_another_way(other, &pages, kept, figures_.forks);
      other = Context(texts_.shape, params_);  // goes before its pages
    }
  }

  static void append(Context& to, PagedText* pages, const SyntheticText& from, std::size_t begin, std::size_t count) {
    if (pages != nullptr) {
      pages->append(to, from, begin, count);
    } else {
      from.append(to, begin, count);
    }
  }

  // Of a context that has `plus` tokens. It may be destroyed while its last seal runs.
  void go_another_way(Context& other, PagedText* pages, std::size_t plus, std::size_t seed) {
    check(other, plus, {plus}, seed);
    append(other, pages, texts_.minus, plus, enough_to_seal);
    check(other, plus + enough_to_seal, {plus}, seed + 1);
    const std::size_t kept =
        1 + random_below(number_, seed, std::min(plus + enough_to_seal, stress_capacity - enough_to_seal) - 1);
    other.truncate(kept);
    append(other, pages, texts_.minus, kept, enough_to_seal);
    check(other, kept + enough_to_seal, {std::min(kept, plus)}, seed + 2);
  }

  void report() {
    for (bool last = false; !last; ++figures_.reports) {
      last = done_.load();
      const std::size_t known = known_.load(std::memory_order_acquire);
      for (const HeadReport& head : context_.report()) {
        const std::size_t tokens = params_.sinks + head.base_tokens + head.sealed_tokens + head.unsealed_tokens;
        if (tokens < known || tokens > context_.tokens(head.layer)) fault("report", tokens);
      }
      static_cast<void>(context_.stats());
      if (random_below(number_, figures_.reports, 8) == 0) context_.reset_stats();
      std::this_thread::yield();
    }
  }

  // Nobody else is about any more, but a seal in the background.
  void after_truncation() {
    for (const HeadReport& head : context_.report()) {
      figures_.sealed += head.sealed_tokens;
      figures_.promoted += head.base_tokens > prefill ? 1 : 0;
    }
    const std::size_t kept = 1 + random_below(number_, 1000, stress_capacity - 2 * enough_to_seal - 1);
    context_.truncate(kept);
    PagedText* const pages = paged_ ? &pages_ : nullptr;
    append(context_, pages, texts_.plus, kept, enough_to_seal);
    check(context_, kept + enough_to_seal, {stress_capacity}, number_);
    append(context_, pages, texts_.plus, kept + enough_to_seal, enough_to_seal);
    // Destroyed with a seal ordered.
  }

  void seal() {
    for (std::uint32_t layer = 0; layer < texts_.shape.layers; ++layer, ++figures_.seals) {
      if (random_below(number_, figures_.seals, 4) == 0) {
        context_.rebuild(layer);
      } else {
        context_.seal(layer);
      }
    }
  }

  // `known` tokens were appended before; `choice` says which layer, token and way are checked.
  void check(const Context& context, std::size_t known, const History& history, std::size_t choice) {
    static const std::vector<DecodeParams> ways = ways_to_decode();
    const auto layer = static_cast<std::uint32_t>(choice / ways.size() % texts_.shape.layers);
    const std::size_t any = random_below(number_, choice, known);
    DecodeParams way = ways[choice % ways.size()];
    way.epoch = context.epoch();
    const std::size_t tokens = context.tokens(layer);
    if (tokens < known) fault("an appended token is not visible", known - 1);
    if (!finds(context, layer, tokens - 1, history)) fault("the newest token was not found", tokens - 1);
    if (!finds(context, layer, any, history)) fault("a token was not found", any);
    // While a head is being built, and where its build was dropped, there are no clusters.
    const bool clustered = params_.clusters != 0 && !params_.background_build;
    const bool all = params_.kind == HeadKind::flat || (clustered && way.budget->estimate_unread);
    if (!counts(context, layer, way, history, all)) fault("tokens were not counted once", choice);
    way.slices = 0;
    if (!stays_finite(context, layer, way, texts_.plus, any)) fault("output is not of the values", choice);
    figures_.decodes += 4;
  }

  void fault(std::string_view what, std::size_t which) {
    const std::lock_guard lock(telling_);
    if (faults.size() > 1000) return;
    faults += "lifetime " + std::to_string(number_) + ": " + std::string(what) + " (" + std::to_string(which) + ")\n";
  }

  const StressTexts& texts_;
  std::size_t number_;
  Figures& figures_;
  ContextParams params_;
  bool paged_;
  PagedText pages_;
  Context context_;
  std::atomic<std::size_t> known_{prefill};  // tokens, by what append() has returned
  std::atomic<bool> done_{false};
  std::mutex telling_;
};

TEST(ContextStress, AppendDecodeSealSaveForkTruncateDestroy) {
  const StressTexts texts[] = {StressTexts(DType::f32), StressTexts(DType::f16)};
  const auto end = stress_end();
  Figures figures{};
  std::string faults;
  std::size_t lifetimes = 0;
  for (; Clock::now() < end && faults.empty(); ++lifetimes) {
    Lifetime lifetime(texts[lifetimes / 3 % 2], lifetimes, figures);
    lifetime.run();
    faults += lifetime.faults;
  }
  EXPECT_EQ(faults, "");
  EXPECT_GT(figures.decodes, 0U);
  std::cout << lifetimes << " lifetimes, " << figures.decodes << " checked decodes, " << figures.batches << " batches, "
            << figures.appended << " tokens appended, " << figures.seals << " seals called, " << figures.sealed
            << " tokens sealed, " << figures.promoted << " heads promoted, " << figures.opened << " saves opened, "
            << figures.forks << " forks, " << figures.reports << " reports\n";
}

}  // namespace
}  // namespace rattan::test
