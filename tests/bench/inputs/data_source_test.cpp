#include "bench/inputs/data_source.h"

#include <gtest/gtest.h>

#include <limits>

#include "bench/inputs/usage_error.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::bench {
namespace {

using test::TempDirectory;

void expect_usage(const DataSelection& selection, const std::string& part) {
  try {
    list_heads(selection);
    ADD_FAILURE() << "nothing was thrown; expected " << part;
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

// Layers 0 and 2 with two KV heads each.
std::string write_two_layers(const TempDirectory& folder) {
  for (const int layer : {0, 2}) {
    std::vector<datasets::KvGroup> groups = {test::small_group(), test::small_group()};
    for (std::size_t head = 0; head < groups.size(); ++head) {
      groups[head].layer = layer;
      groups[head].kv_head = static_cast<int>(head);
    }
    datasets::write_dump(folder.path(), layer, groups);
  }
  return folder.path().string();
}

TEST(DataSource, NothingSelectedIsAUsageError) { expect_usage({}, "--data PATH, --synth SPEC or --embedded"); }

TEST(DataSource, ADumpIsListedByLayerAndHead) {
  const TempDirectory folder;
  const std::vector<HeadSource> heads = list_heads({.paths = {write_two_layers(folder)}});
  ASSERT_EQ(heads.size(), 4U);
  EXPECT_EQ(heads[0].layer, 0);
  EXPECT_EQ(heads[3].layer, 2);
  EXPECT_EQ(heads[3].kv_head, 1);
  const datasets::KvGroup group = heads[3].load();
  EXPECT_EQ(group.keys.view.rows, 412U);
  EXPECT_EQ(source_label(heads[3], group), folder.path().string() + " (random)");
}

// Defect: rows were counted from the first indexed one, and neither file nor head was named.
TEST(DataSource, NanInADumpIsNamedWithFileLayerHeadAndRow) {
  const TempDirectory folder;
  std::vector<datasets::KvGroup> groups = {test::small_group(), test::small_group()};
  groups[1].kv_head = 1;
  groups[1].keys = test::at_offset(groups[1].keys.view, 0);
  test::set_element(groups[1].keys, 301, 2, std::numeric_limits<float>::quiet_NaN());
  datasets::write_dump(folder.path(), 0, groups);
  const std::string path = folder.path().string();
  const std::vector<HeadSource> heads = list_heads({.paths = {path}});
  ASSERT_EQ(heads.size(), 2U);
  EXPECT_NO_THROW(heads[0].load());
  test::expect_error(ErrorCode::invalid_argument, path + " layer 0 KV head 1 keys: row 301, column 2 is NaN",
                     [&] { heads[1].load(); });
}

TEST(DataSource, UnlabelledDataIsCalledByItsPathAlone) {
  const HeadSource head{"dumps/a", 0, 0, {}};
  datasets::KvGroup group;
  for (const char* source : {"", "dumps/a", "dumps/a/layer_00.safetensors"}) {
    group.source = source;
    EXPECT_EQ(source_label(head, group), "dumps/a") << source;
  }
  group.source = "keys.fbin";
  EXPECT_EQ(source_label({"keys.fbin+queries.fbin", 0, 0, {}}, group), "keys.fbin+queries.fbin");
}

TEST(DataSource, WhatADumpDoesNotSayIsGiven) {
  const TempDirectory folder;
  const std::string path = write_two_layers(folder);
  EXPECT_EQ(list_heads({.paths = {path}, .split = {.prefill = 400, .group = 2}}).size(), 4U);
  test::expect_error(ErrorCode::invalid_argument, "metadata prefill is 400, given is 100",
                     [&] { list_heads({.paths = {path}, .split = {.prefill = 100}}); });
}

TEST(DataSource, LayersAndHeadsNarrow) {
  const TempDirectory folder;
  const std::string path = write_two_layers(folder);
  const std::vector<HeadSource> heads = list_heads({.paths = {path}, .layers = "2", .kv_heads = "0-0"});
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_EQ(heads[0].layer, 2);
  expect_usage({.paths = {path}, .layers = "0,7"}, "--layers asks for 7, the data has 0, 2");
  expect_usage({.paths = {path}, .kv_heads = "2"}, "--kv-heads asks for 2, the data has 0, 1");
}

TEST(DataSource, SyntheticHeadsAreMadeWhenLoaded) {
  const std::vector<HeadSource> heads = list_heads({.synthetic = {"n=2048,d=32,group=2,heads=3,seed=5"}});
  ASSERT_EQ(heads.size(), 3U);
  EXPECT_NE(heads[0].source.find("seed=5"), std::string::npos);
  const datasets::KvGroup group = heads[2].load();
  EXPECT_EQ(group.dim(), 32U);
  EXPECT_EQ(group.heads(), 2U);
}

TEST(DataSource, ABadSpecIsAUsageErrorNamingTheFlag) {
  expect_usage({.synthetic = {"n=2048,colour=blue"}}, "--synth n=2048,colour=blue");
  expect_usage({.synthetic = {"n=-5"}}, "--synth n=-5");
}

TEST(DataSource, OneKindOfDataIsGiven) {
  expect_usage({.synthetic = {"n=2048"}, .embedded = true}, "--synth and --embedded are given together");
  expect_usage({.paths = {"dump"}, .synthetic = {"n=2048"}}, "--data and --synth are given together");
  expect_usage({.split = {.prefill = 7}, .synthetic = {"n=2048"}}, "--prefill is for --data");
  expect_usage({.split = {.group = 2}, .embedded = true}, "--group is for --data");
}

TEST(DataSource, AMissingDumpIsNamed) {
  test::expect_error(ErrorCode::not_found, "/nowhere/dump", [] { list_heads({.paths = {"/nowhere/dump"}}); });
}

TEST(DataSource, EmbeddedDataIsOneHead) {
  const std::vector<HeadSource> heads = list_heads({.embedded = true});
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_GT(heads[0].load().keys.view.rows, 1000U);
}

}  // namespace
}  // namespace rattan::bench
