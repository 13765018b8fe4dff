#include "tests/campaign/scenes.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/support/c_contexts.h"
#include "tests/support/c_matrices.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t tokens = 60;
constexpr std::size_t more_tokens = 30;
constexpr std::uint32_t kv_heads = 2;
constexpr std::uint32_t query_heads = 4;
constexpr std::uint32_t dim = 8;
constexpr std::size_t page_rows = 8;

// Made once: a fault meets the library alone.
struct Inputs {
  std::vector<SharedMatrix> owned;
  std::array<rattan_matrix, kv_heads> keys{};
  std::array<rattan_matrix, kv_heads> values{};
  std::array<rattan_matrix, query_heads> queries{};
  rattan_matrix next_keys{};
  rattan_matrix next_queries{};
  rattan_matrix asked{};
  std::vector<std::uint32_t> table;
  std::array<rattan_matrix, kv_heads> no_pages{};
  std::array<rattan_matrix, kv_heads> pages{};

  Inputs() {
    for (std::size_t h = 0; h < kv_heads; ++h) {
      keys[h] = add(tokens, h);
      values[h] = add(tokens, 10 + h);
    }
    for (std::size_t h = 0; h < query_heads; ++h) queries[h] = add(tokens, 20 + h);
    next_keys = add(more_tokens * kv_heads, 30);
    next_queries = add(more_tokens * query_heads, 31);
    asked = add(query_heads, 32);
    for (std::uint32_t page = 0; page < more_tokens / page_rows + 1; ++page) table.push_back(page);
    for (std::size_t h = 0; h < kv_heads; ++h) {
      pages[h] = add(table.size() * page_rows, 40 + h);
      pages[h].rows = more_tokens;
      pages[h].block_table = table.data();
      pages[h].block_rows = page_rows;
      no_pages[h] = pages[h];
      no_pages[h].rows = 0;
    }
  }

  rattan_matrix add(std::size_t rows, std::uint64_t seed) {
    owned.push_back(random_matrix(rows, dim, seed));
    return matrix_of(owned.back().view);
  }
};

const Inputs& inputs() {
  static const Inputs made;
  return made;
}

rattan_decode_item item_of(const rattan_context* context, std::vector<float>& output) {
  rattan_decode_item item;
  rattan_decode_item_init(&item);
  item.context = context;
  item.queries = &inputs().asked;
  item.output = output.data();
  return item;
}

}  // namespace

World::World(rattan_kind kind, std::uint32_t threads) : kind_(kind), threads_(threads) {
  index_file = folder_ / "index";
  inputs();
}

World::~World() {
  rattan_context_destroy(context_);
  rattan_context_destroy(other_);
  rattan_index_destroy(index_);
}

namespace {

rattan_status make(rattan_kind kind, std::uint32_t threads, rattan_context** context) {
  const SmallSizes sizes{.kv_heads = kv_heads, .query_heads = query_heads, .dim = dim, .max_degree = 6};
  rattan_params params = params_of(sizes, kind);
  params.threads = threads;
  return create_context(sizes, params, context);
}

}  // namespace

rattan_status World::create() { return make(kind_, threads_, &context_); }

rattan_status World::build() {
  return rattan_build_layer(context_, 0, inputs().keys.data(), inputs().values.data(), inputs().queries.data(),
                            nullptr);
}

rattan_status World::append() {
  return rattan_append(context_, 0, more_tokens, &inputs().next_keys, &inputs().next_keys, &inputs().next_queries);
}

// Of a context of its own, which begins with no pages.
// NOLINTNEXTLINE(readability-make-member-function-const): a pointer to it stands among those of other steps
rattan_status World::append_pages() {
  rattan_context* paged = nullptr;
  rattan_status status = make(kind_, threads_, &paged);
  if (status == RATTAN_OK) {
    status = rattan_build_layer(paged, 0, inputs().no_pages.data(), inputs().no_pages.data(), nullptr, nullptr);
  }
  if (status == RATTAN_OK) {
    status = rattan_append_pages(paged, 0, more_tokens, inputs().pages.data(), inputs().pages.data(),
                                 &inputs().next_queries);
  }
  rattan_context_destroy(paged);
  return status;
}

rattan_status World::seal() { return rattan_seal(context_, 0); }
rattan_status World::rebuild() { return rattan_rebuild(context_, 0); }
rattan_status World::truncate() { return rattan_truncate(context_, tokens - 20); }
rattan_status World::fork() { return rattan_context_fork(context_, &other_); }

rattan_status World::decode_into(rattan_context* context, std::vector<float>& output, bool exactly) const {
  rattan_budget all;
  rattan_budget_init(&all);
  all.k = 1U << 20;
  all.most_k = all.k;
  return rattan_decode(context, 0, &inputs().asked, output.data(), nullptr, exactly ? &all : nullptr);
}

namespace {
std::vector<float>& output_buffer(std::size_t number) {
  static std::array<std::vector<float>, 2> buffers{std::vector<float>(query_heads * dim),
                                                   std::vector<float>(query_heads * dim)};
  return buffers[number];
}
}  // namespace

rattan_status World::decode() { return decode_into(context_, output_buffer(0)); }

rattan_status World::batch() {
  const std::array<rattan_decode_item, 2> items{item_of(context_, output_buffer(0)),
                                                item_of(context_, output_buffer(1))};
  return rattan_decode_batch(items.data(), items.size());
}

rattan_status World::submit() {
  const rattan_decode_item item = item_of(context_, output_buffer(0));
  rattan_pending* pending = nullptr;
  const rattan_status status = rattan_submit(&item, 1, &pending);
  return status == RATTAN_OK ? rattan_wait(pending) : status;
}

rattan_status World::save() { return rattan_context_save(context_, folder_.path().c_str()); }

rattan_status World::open() {
  rattan_context* opened = nullptr;
  rattan_status status = make(kind_, threads_, &opened);
  if (status == RATTAN_OK) {
    status = rattan_open_layer(opened, folder_.path().c_str(), 0, inputs().keys.data(), inputs().values.data());
  }
  if (status == RATTAN_OK) status = decode_into(opened, output_buffer(0));
  rattan_context_destroy(opened);
  return status;
}

rattan_status World::report() {
  std::size_t needed = 0;
  return rattan_report(context_, nullptr, 0, &needed);
}

rattan_status World::index_build() {
  rattan_index_params params;
  rattan_index_params_init(&params);
  params.kind = kind_;
  params.links_k = 8;
  params.max_degree = 6;
  params.threads = threads_;
  return rattan_index_build(&inputs().keys[0], &inputs().queries[0], &params, &index_);
}

namespace {

// Ids outside the keys are a defect.
rattan_status search(const rattan_index* index) {
  rattan_search_params params;
  rattan_search_params_init(&params);
  params.k = 5;
  std::array<std::uint32_t, query_heads * 5> ids{};
  const rattan_status status = rattan_index_search(index, &inputs().asked, &params, ids.data(), nullptr, nullptr);
  const bool inside = std::ranges::all_of(ids, [](std::uint32_t id) { return id < tokens || id == RATTAN_NO_KEY; });
  return status == RATTAN_OK && !inside ? RATTAN_INTERNAL : status;
}

}  // namespace

rattan_status World::index_search() { return search(index_); }

rattan_status World::index_save() { return rattan_index_save(index_, index_file.c_str()); }

// NOLINTNEXTLINE(readability-make-member-function-const): a pointer to it stands among those of other steps
rattan_status World::index_open() {
  rattan_index* opened = nullptr;
  rattan_status status = rattan_index_open(index_file.c_str(), &inputs().keys[0], threads_, &opened);
  if (status == RATTAN_OK) status = search(opened);
  rattan_index_destroy(opened);
  return status;
}

std::string World::answers(bool exactly) {
  std::ostringstream all;
  for (rattan_context* context : {context_, other_}) {
    std::uint64_t count = 0;
    all << (context == nullptr) << rattan_tokens(context, 0, &count) << ' ' << count << ' ';
    std::vector<float> output(query_heads * dim);
    all << decode_into(context, output, exactly);
    all.write(reinterpret_cast<const char*>(output.data()),
              static_cast<std::streamsize>(output.size() * sizeof(float)));
  }
  all << (index_ == nullptr) << (index_ == nullptr ? RATTAN_OK : index_search());
  return all.str();
}

std::ostream& operator<<(std::ostream& out, const Scene& scene) { return out << scene.name; }

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all = {
      {"create", {}, &World::create},
      {"build", {&World::create}, &World::build},
      {"append", {&World::create, &World::build}, &World::append},
      {"append_pages", {}, &World::append_pages},
      {"seal", {&World::create, &World::build, &World::append}, &World::seal},
      {"rebuild", {&World::create, &World::build, &World::append}, &World::rebuild},
      {"truncate", {&World::create, &World::build, &World::append, &World::seal}, &World::truncate},
      {"fork", {&World::create, &World::build, &World::append}, &World::fork},
      {"decode", {&World::create, &World::build}, &World::decode},
      {"batch", {&World::create, &World::build}, &World::batch},
      {"submit", {&World::create, &World::build}, &World::submit},
      {"save", {&World::create, &World::build}, &World::save},
      {"open", {&World::create, &World::build, &World::save}, &World::open},
      {"report", {&World::create, &World::build}, &World::report},
      {"index_build", {}, &World::index_build},
      {"index_search", {&World::index_build}, &World::index_search},
      {"index_save", {&World::index_build}, &World::index_save},
      {"index_open", {&World::index_build, &World::index_save}, &World::index_open},
  };
  return all;
}

std::size_t every_point(std::size_t otherwise) {
  const char* const asked = std::getenv("RATTAN_CAMPAIGN_EVERY");
  return asked == nullptr ? otherwise : std::max<std::size_t>(1, std::strtoull(asked, nullptr, 10));
}

void say(const std::string& part, const std::string& scene, std::size_t points, std::size_t tried) {
  std::ostringstream line;
  line << R"({"part":")" << part << R"(","scene":")" << scene << R"(","points":)" << points << R"(,"tried":)" << tried
       << "}\n";
  std::cout << line.str();
  const char* const file = std::getenv("RATTAN_CAMPAIGN_OUT");
  if (file != nullptr) std::ofstream(file, std::ios::app) << line.str();
}

}  // namespace rattan::test
