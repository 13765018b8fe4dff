// tests/ repeats the tree: src/<room>/x.cpp has tests/<room>/x_test.cpp, which includes x.h first; datasets/ and the
// rooms of bench/ likewise.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "source_tree.h"

namespace rattan::test {
namespace {

// Files without a test of their own name, and where they are tested instead.
const std::map<std::string, std::string>& exceptions() {
  static const std::map<std::string, std::string> list = {
      {"src/context/context_state.cpp", "what Context does: context_test.cpp and its neighbours"},
      {"src/context/context_state.h", "private to Context: context_test.cpp and its neighbours"},
      {"src/attention/scratch.h", "a struct of buffers"},
      {"src/c_api/context.cpp", "every function: tests/c_api_test.c"},
      {"src/c_api/handle.cpp", "tests/c_api_test.c"},
      {"src/c_api/handle.h", "tests/c_api_test.c"},
      {"src/c_api/index.cpp", "every function: tests/c_api_index_test.c"},
      {"src/c_api/parts.cpp", "tests/c_api_test.c"},
      {"src/c_api/report.cpp", "tests/c_api_test.c"},
      {"src/core/fork_linux.cpp", "fork_test.cpp"},
      {"src/core/fork_other.cpp", "does nothing"},
      {"src/core/huge_pages.h", "advice without a result: aligned_test.cpp calls it"},
      {"src/core/huge_pages_linux.cpp", "advice without a result: aligned_test.cpp calls it"},
      {"src/core/huge_pages_other.cpp", "does nothing"},
      {"src/simd/avx2.cpp", "the tests of generic_*.h run every set of the machine"},
      {"src/simd/avx512.cpp", "the tests of generic_*.h run every set of the machine"},
      {"src/simd/avx512amx_tile.cpp", "generic_tile_test.cpp runs every tile of the machine"},
      {"src/simd/avx512bf16_tile.cpp", "generic_tile_test.cpp runs every tile of the machine"},
      {"src/simd/bf16_panels.h", "cannot be included without its compile flags; tested through generic_tile_test.cpp"},
      {"src/simd/tile_registers.h", "leave that nothing can take back: detect_x86_test.cpp asks again"},
      {"src/simd/tile_registers_linux.cpp", "detect_x86_test.cpp"},
      {"src/simd/tile_registers_other.cpp", "refuses"},
      {"src/simd/code_kernels.h", "a table of types; filled and tested through generic_codes_test.cpp"},
      {"src/simd/code_lanes_avx512.h",
       "cannot be included without its compile flags; tested through generic_codes_test.cpp"},
      {"src/simd/codes_avx2.cpp", "generic_codes_test.cpp runs every set of the machine"},
      {"src/simd/codes_avx512.cpp", "generic_codes_test.cpp runs every set of the machine"},
      {"src/simd/codes_avx512vnni.cpp", "generic_codes_test.cpp runs every set of the machine"},
      {"src/simd/codes_scalar.cpp", "generic_codes_test.cpp runs every set of the machine"},
      {"src/simd/scalar.cpp", "the tests of generic_*.h run every set of the machine"},
      {"src/simd/lanes_avx2.h", "cannot be included without its compile flags; tested through avx2.cpp"},
      {"src/simd/lanes_avx512.h", "cannot be included without its compile flags; tested through avx512.cpp"},
      {"src/simd/detect_other.cpp", "for other CPUs than this one; dispatch_test.cpp runs it there"},
      {"src/simd/element.h", "three tags"},
      {"src/simd/generic_kernels.h", "fills the table that kernels_test.cpp looks at"},
      {"src/simd/generic_prefetch.h", "has no effect but speed: bench/micro/kernels_bench.cpp"},
      {"src/simd/sets.h", "declarations only"},
      {"bench/cli/build_layers.cpp", "cli/commands_test.cpp"},
      {"bench/cli/build_layers.h", "cli/commands_test.cpp"},
      {"bench/cli/main.cpp", "cli/commands_test.cpp"},
      {"bench/context/context_decoder.cpp", "context/layer_decoder_test.cpp"},
      {"bench/context/flat_decoder.cpp", "context/layer_decoder_test.cpp"},
      {"bench/inputs/usage_error.h", "one class without code"},
      {"bench/measure/clocks.h", "two clocks"},
      {"bench/measure/evaluation.h", "a struct"},
      {"bench/measure/report_data.h", "structs"},
      {"bench/report/growth_table.cpp", "cli/commands_test.cpp"},
      {"bench/report/growth_table.h", "cli/commands_test.cpp"},
      {"bench/report/html_charts.h", "report/html_report_test.cpp"},
      {"bench/report/html_curves.cpp", "report/html_report_test.cpp"},
      {"bench/report/html_heatmap.cpp", "report/html_report_test.cpp"},
      {"bench/report/html_ood.cpp", "report/html_report_test.cpp"},
      {"bench/report/html_speed.cpp", "report/html_report_test.cpp"},
      {"bench/report/html_style.h", "a style sheet: tools/checks/page looks at it"},
      {"bench/report/latency_table.cpp", "cli/commands_test.cpp"},
      {"bench/report/latency_table.h", "cli/commands_test.cpp"},
      {"datasets/kv_group.h", "types; QuerySplit: bare_head_test.cpp"},
      {"datasets/hdf5_absent.cpp", "hdf5_test.cpp, where it is built"},
      {"datasets/hdf5_vectors.h", "a struct"},
      {"datasets/qkv_readers.h", "declarations only: the tests named qkv_*"},
      {"datasets/safetensors_header.cpp",
       "every header is read through safetensors.h: safetensors_test.cpp, fuzz_test.cpp"},
      {"datasets/safetensors_header.h",
       "every header is read through safetensors.h: safetensors_test.cpp, fuzz_test.cpp"},
      {"datasets/source.cpp", "two constructors that every reader's test goes through"},
      {"datasets/source.h", "two constructors that every reader's test goes through"},
  };
  return list;
}

// "src/graph/prune.cpp" -> "tests/graph/prune_test.cpp", "datasets/npy.h" -> "tests/datasets/npy_test.cpp".
std::string mirror(const SourceFile& file) {
  const std::string room = file.in("src") ? file.folder().substr(std::string("src/").size()) : file.folder();
  return "tests/" + room + "/" + file.stem() + "_test.cpp";
}

bool is_mirrored_room(const SourceFile& file) {
  return (file.in("src") && file.folder() != "src") || file.in("datasets") ||
         (file.in("bench") && !file.in("bench/micro"));
}

// A command is run as a user runs it: tests/bench/cli/commands_test.cpp.
bool is_command(const SourceFile& file) { return file.path.starts_with("bench/cli/command_"); }

TEST(Mirror, EverySourceHasATest) {
  for (const SourceFile& file : source_tree()) {
    if (!is_mirrored_room(file) || !file.is_cpp() || exceptions().contains(file.path) || is_command(file)) continue;
    EXPECT_TRUE(in_tree(mirror(file))) << file.path << " has no " << mirror(file);
  }
}

TEST(Mirror, ExceptionsAreNeeded) {
  for (const auto& [path, reason] : exceptions()) {
    EXPECT_TRUE(in_tree(path)) << path << " is gone; so should its exception be";
    EXPECT_FALSE(reason.empty()) << path;
  }
  for (const SourceFile& file : source_tree()) {
    if (exceptions().contains(file.path)) {
      EXPECT_FALSE(in_tree(mirror(file))) << file.path << " has a test: its exception is not needed";
    }
  }
}

TEST(Mirror, TestsIncludeTheHeaderUnderTestFirst) {
  for (const SourceFile& file : source_tree()) {
    if (!is_mirrored_room(file) || file.extension() != ".h" || !in_tree(mirror(file))) continue;
    for (const SourceFile& test : source_tree()) {
      if (test.path != mirror(file)) continue;
      const std::string header = file.in("src") ? file.path.substr(std::string("src/").size()) : file.path;
      ASSERT_FALSE(test.includes.empty()) << test.path;
      EXPECT_EQ(test.includes.front().name, header) << test.path;
    }
  }
}

}  // namespace
}  // namespace rattan::test
