// One head in every format that --data takes gives the same table. The head is cut from a real dump where the shared
// data is there, else synthetic.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "datasets/hdf5.h"
#include "datasets/qkv_dump.h"
#include "datasets/safetensors.h"
#include "datasets/synthetic.h"
#include "tests/bench/program.h"
#include "tests/datasets/vector_files.h"
#include "tests/support/hdf5_files.h"

namespace rattan::bench {
namespace {

using datasets::KvGroup;
using test::ProgramResult;
using Json = nlohmann::json;

constexpr std::size_t prefill = 4096;
constexpr std::size_t decode = 64;

SharedMatrix first_rows(const SharedMatrix& matrix, std::size_t rows) {
  return {matrix.view.slice(0, std::min(rows, matrix.view.rows)), matrix.owner};
}

// The first tokens of a head, and its first decoded ones right behind them.
KvGroup cut(KvGroup group) {
  const auto put_together = [&](const SharedMatrix& matrix) {
    return test::joined_rows(matrix.view.slice(0, prefill), matrix.view.slice(group.prefill, decode));
  };
  group.keys = put_together(group.keys);
  if (group.values.view.rows > 0) group.values = put_together(group.values);
  const auto border = std::ranges::lower_bound(group.prefill_positions, static_cast<std::int64_t>(prefill));
  group.prefill_positions.erase(border, group.prefill_positions.end());
  group.decode_positions.clear();
  for (std::size_t i = 0; i < decode; ++i) group.decode_positions.push_back(static_cast<std::int64_t>(prefill + i));
  for (SharedMatrix& head : group.prefill_queries) head = first_rows(head, group.prefill_positions.size());
  for (SharedMatrix& head : group.decode_queries) head = first_rows(head, decode);
  group.prefill = prefill;
  group.softmax_scale = 1 / std::sqrt(static_cast<double>(group.dim()));  // as bare vectors have it
  group.layer = group.kv_head = 0;
  return group;
}

KvGroup one_head() {
  const auto folder = test::shared_data();
  const auto file = folder ? *folder / "real" / "code32_L02H0.safetensors" : std::filesystem::path();
  if (folder && std::filesystem::exists(file)) {
    const datasets::QkvDump dump = datasets::QkvDump::open(file);
    return cut(dump.group(dump.layers().front(), 0));
  }
  std::cout << "no real dump: RATTAN_DATA is not set and ../shared/data holds none; a synthetic head instead\n";
  datasets::SyntheticParams params =
      datasets::parse_synthetic("n=4224,d=64,group=3,heads=1,seed=3,decode=64,dtype=f16");
  return cut(datasets::make_synthetic(params, 0, nullptr));
}

class Formats : public testing::Test {
 protected:
  static void SetUpTestSuite() { head() = std::make_unique<KvGroup>(one_head()); }
  static void TearDownTestSuite() { head().reset(); }
  static std::unique_ptr<KvGroup>& head() {
    static std::unique_ptr<KvGroup> stored;
    return stored;
  }

  void SetUp() override {
    datasets::write_dump(folder_ / "layers", 0, {head().get(), 1});
    group_flag_ = " --group " + std::to_string(head()->heads());
    for (std::size_t h = 0; h < head()->heads(); ++h) {
      queries_.push_back(test::joined_rows(head()->prefill_queries[h].view, head()->decode_queries[h].view));
    }
  }

  // What a sweep finds, row by row, without what says where and how fast.
  std::vector<Json> table(const std::string& data, bool with_values) {
    const ProgramResult result = test::run_bench("sweep --data " + data +
                                                 " --k 10 --queries 32 --quality-steps 4 --latency off --recall 0.9 "
                                                 "--index flat,scan4,graph --query-step 4 --threads 1 "
                                                 "--keys-as f16 --queries-as f16 --format jsonl");
    EXPECT_EQ(result.exit_code, 0) << data << "\n" << result.err;
    std::vector<Json> rows;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      Json row = Json::parse(line);
      if (row.at("record") != "row") continue;
      for (const char* name : {"source", "build_s", "build_stages", "commit"}) row.erase(name);
      if (!with_values) row.erase("output_error");
      rows.push_back(std::move(row));
    }
    EXPECT_EQ(rows.size(), 2 * 3U) << data << "\n" << result.out;
    return rows;
  }

  void expect_same(const std::string& data, const std::string& flags, bool with_values = false) {
    EXPECT_EQ(table(data + flags, with_values), table((folder_ / "layers").string(), with_values)) << data;
    const ProgramResult info = test::run_bench("info --data " + data + flags + " --format jsonl");
    EXPECT_EQ(info.exit_code, 0) << "what sweep takes, info takes\n" << info.err;
  }

  std::string prefill_flag() const { return " --prefill " + std::to_string(prefill); }

  test::TempDirectory folder_;
  std::string group_flag_;
  std::vector<SharedMatrix> queries_;  // prefill rows, then decode rows; one per query head
};

TEST_F(Formats, OneLayerFileAndShards) {
  const auto file = folder_ / "layers" / "layer_00.safetensors";
  expect_same(file.string(), "", true);
  const auto layer = datasets::Safetensors::open(file);
  std::filesystem::create_directory(folder_ / "shards");
  std::string map;
  for (const char* name : {"q", "k", "v", "q_pos"}) {
    const datasets::Tensor* const tensor = layer.find(name);
    if (tensor == nullptr) continue;
    const std::vector<datasets::TensorSource> one = {
        {std::string("layers.0.") + name, tensor->type, tensor->shape, {tensor->bytes}}};
    const std::string shard = std::string("dump-") + name + ".safetensors";
    datasets::write_safetensors(folder_ / "shards" / shard, one, {});
    map += (map.empty() ? "" : ", ") + ("\"layers.0." + std::string(name) + "\": \"" + shard + "\"");
  }
  test::write_file(folder_ / "shards" / "dump.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
  expect_same((folder_ / "shards").string(), prefill_flag(), true);
}

TEST_F(Formats, NpyPerHead) {
  const bool values = head()->values.view.rows > 0;
  test::write_npy(folder_ / "K_0_0.npy", head()->keys.view);
  if (values) test::write_npy(folder_ / "V_0_0.npy", head()->values.view);
  for (std::size_t h = 0; h < queries_.size(); ++h) {
    test::write_npy(folder_ / message("Q_0_", h, ".npy"), queries_[h].view);
  }
  expect_same(folder_.path().string(), prefill_flag(), values);
}

TEST_F(Formats, PlainFiles) {
  const SharedMatrix queries = test::interleave(queries_);
  test::write_npy(folder_ / "keys.npy", head()->keys.view);
  test::write_npy(folder_ / "queries.npy", queries.view);
  expect_same(folder_.path().string(), prefill_flag() + group_flag_);
  const auto pair = [&](const std::string& ending) {
    return (folder_.path() / ("a." + ending)).string() + "+" + (folder_.path() / ("b." + ending)).string();
  };
  for (const char* ending : {"fbin", "f16bin"}) {
    test::write_xbin(folder_ / (std::string("a.") + ending), head()->keys.view);
    test::write_xbin(folder_ / (std::string("b.") + ending), queries.view);
    expect_same(pair(ending), prefill_flag() + group_flag_);
  }
  test::write_fvecs(folder_ / "a.fvecs", head()->keys.view);
  test::write_fvecs(folder_ / "b.fvecs", queries.view);
  expect_same(pair("fvecs"), prefill_flag() + group_flag_);
}

TEST_F(Formats, Hdf5) {
  if (!datasets::have_hdf5) GTEST_SKIP() << "this build has no libhdf5";
  const auto set = [](const std::string& name, const SharedMatrix& matrix) {
    return test::Hdf5DataSet{
        .name = name, .dims = {matrix.view.rows, matrix.view.cols}, .floats = test::floats_of(matrix.view)};
  };
  const auto vibe = folder_ / "vibe.hdf5";
  ASSERT_TRUE(test::write_hdf5(vibe, "ip",
                               {set("train", head()->keys), set("test", test::interleave(head()->decode_queries)),
                                set("learn", test::interleave(head()->prefill_queries))}));
  expect_same(vibe.string(), prefill_flag() + group_flag_);
  const auto ann = folder_ / "ann.hdf5";
  ASSERT_TRUE(test::write_hdf5(ann, "", {set("train", head()->keys), set("test", test::interleave(queries_))}));
  expect_same(ann.string(), prefill_flag() + group_flag_);
}

}  // namespace
}  // namespace rattan::bench
