#include "index/graph_index.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <thread>

#include "core/random.h"
#include "graph/walk.h"
#include "index/identity.h"
#include "rattan/exact_topk.h"
#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

SearchParams params_of(std::uint32_t k, std::uint32_t beam_width, std::uint32_t group = 1) {
  SearchParams params;
  params.k = k;
  params.beam_width = beam_width;
  params.group = group;
  params.executor = &serial_executor();
  return params;
}

// A graph over `keys` from the links of as many random queries.
std::unique_ptr<Index> built(const SharedMatrix& keys, Metric metric = Metric::inner_product,
                             std::uint32_t max_degree = 8) {
  const SharedMatrix queries = random_matrix(keys.view.rows, keys.view.cols, 77);
  const auto k = static_cast<std::uint32_t>(std::min<std::size_t>(12, keys.view.rows));
  const NeighborTable links = make_exact_topk_cpu(&serial_executor())->find(queries.view, keys.view, k, metric);
  GraphBuildParams params;
  params.max_degree = max_degree;
  params.entry_points = 5;
  params.executor = &serial_executor();
  return build_graph(keys, {&links, 1}, metric, params);
}

const Graph& graph_of(const Index& index) { return dynamic_cast<const GraphIndex&>(index).graph(); }

bool same_stats(const NeighborTable& a, const NeighborTable& b) {
  return std::equal(a.stats.begin(), a.stats.end(), b.stats.begin(), b.stats.end(),
                    [](const SearchStats& x, const SearchStats& y) {
                      return x.keys_scored == y.keys_scored && x.nodes_expanded == y.nodes_expanded &&
                             x.bytes_read == y.bytes_read && x.centroids_scored == y.centroids_scored &&
                             x.codes_scored == y.codes_scored && x.code_bytes == y.code_bytes;
                    });
}

TEST(GraphIndex, AWideBeamFindsTheTruthForEveryDtypeAndMetric) {
  for (const DType dtype : test::all_dtypes) {
    for (const Metric metric : test::all_metrics) {
      SCOPED_TRACE(testing::Message() << to_string(dtype) << " " << to_string(metric));
      const SharedMatrix keys = random_matrix(800, 9, 1, dtype);
      const SharedMatrix queries = random_matrix(16, 9, 2, dtype);
      const auto index = built(keys, metric);
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, 10, metric);
      for (const std::uint32_t group : {1U, 4U, 8U}) {
        const NeighborTable found = index->search(queries.view, params_of(10, 700, group));
        test::expect_neighbors(found, truth, queries.view, keys.view, 1e-3, metric);
        ASSERT_EQ(found.stats.size(), 16 / group);
        for (const SearchStats& stats : found.stats) {
          EXPECT_GT(stats.nodes_expanded, 0U);
          EXPECT_LE(stats.keys_scored, 800U);
        }
      }
    }
  }
}

TEST(GraphIndex, ARowOrGroupIsOneWalk) {
  const SharedMatrix keys = random_matrix(900, 7, 3, DType::f16);
  const SharedMatrix queries = random_matrix(8, 7, 4);
  const auto index = built(keys);
  const std::vector<KeyId> start_keys = {1, 500, 899};
  for (const std::uint32_t group : {1U, 4U}) {
    SearchParams params = params_of(6, 20, group);
    params.expansions = 15;
    params.candidate_range = {100, 800};
    params.start_keys = start_keys;
    params.rerank = 0;
    const NeighborTable found = index->search(queries.view, params);
    const Scorer scorer(keys.view, Metric::inner_product);
    const WalkParams walk_params{20, 15, start_keys, {100, 800}};
    WalkScratch scratch;
    NeighborTable wanted(8, 6);
    for (std::size_t row = 0; row < 8; row += group) {
      scorer.prepare(queries.view.slice(row, group), scratch.queries);
      wanted.stats.push_back(walk(scorer, graph_of(*index), walk_params, 6, scratch));
      for (std::size_t i = 0; i < group; ++i) {
        write_row(scratch.results[i].sorted(), wanted.ids(row + i), wanted.scores(row + i));
      }
    }
    EXPECT_EQ(found, wanted) << group;
    EXPECT_TRUE(same_stats(found, wanted)) << group;
  }
}

TEST(GraphIndex, CodesSpareMostReadsInFull) {
  const SharedMatrix keys = random_matrix(3000, 64, 30, DType::bf16);
  const SharedMatrix queries = random_matrix(4, 64, 31);
  const auto index = built(keys, Metric::inner_product, 16);
  SearchParams params = params_of(10, 60, 4);
  const SearchStats by_code = index->search(queries.view, params).stats.at(0);
  EXPECT_GT(by_code.codes_scored, 2 * by_code.keys_scored);
  EXPECT_EQ(by_code.code_bytes, 32 * by_code.codes_scored);
  params.rerank = 20;
  const SearchStats fewer = index->search(queries.view, params).stats.at(0);
  EXPECT_EQ(fewer.codes_scored, by_code.codes_scored);
  EXPECT_LT(fewer.keys_scored, by_code.keys_scored);
  params.rerank = 0;
  const SearchStats by_key = index->search(queries.view, params).stats.at(0);
  EXPECT_EQ(by_key.codes_scored, 0U);
  EXPECT_EQ(by_key.code_bytes, 0U);
  EXPECT_GT(by_key.bytes_read, by_code.bytes_read);
}

TEST(GraphIndex, CodeBitsAreChosenAtTheBuildAndSaved) {
  const SharedMatrix keys = random_matrix(700, 20, 32);
  const SharedMatrix queries = random_matrix(8, 20, 33);
  const Graph graph = graph_of(*built(keys));
  const test::TempDirectory dir;
  for (const std::uint32_t bits : {0U, 4U, 8U}) {
    const GraphIndex index(test::checked(keys), Metric::inner_product, graph, bits);
    ASSERT_EQ(index.codes().has_value(), bits != 0);
    EXPECT_EQ(index.memory().total(), index.graph().edge_bytes() + 5 * 4 + 700 * bits * 8);
    const auto path = dir.path() / std::to_string(bits);
    index.save(path);
    const auto opened = open_index(path, keys);
    const SearchParams params = params_of(7, 50, 4);
    const NeighborTable found = index.search(queries.view, params);
    EXPECT_EQ(opened->search(queries.view, params), found);
    EXPECT_TRUE(same_stats(opened->search(queries.view, params), found));
    EXPECT_EQ(opened->describe(), index.describe());
  }
  EXPECT_FALSE(GraphIndex(test::checked(keys), Metric::l2, graph, 4).codes().has_value());
  GraphBuildParams params;
  params.code_bits = 5;
  expect_error(ErrorCode::invalid_argument, "code_bits is 5, allowed is 0, 4 or 8", [&] { params.validate(); });
}

TEST(GraphIndex, BeamExpansionsAndSeedsComeFromTheCall) {
  const SharedMatrix keys = random_matrix(1000, 7, 5);
  const SharedMatrix query = random_matrix(1, 7, 6);
  const auto index = built(keys);
  const auto scored = [&](const SearchParams& params) {
    return index->search(query.view, params).stats.at(0).keys_scored;
  };
  EXPECT_LT(scored(params_of(5, 10)), scored(params_of(5, 200)));
  SearchParams limited = params_of(5, 200);
  limited.expansions = 3;
  EXPECT_EQ(index->search(query.view, limited).stats.at(0).nodes_expanded, 3U);
  // Unset: chosen from k, at least k.
  SearchParams params = params_of(50, 1);
  params.beam_width.reset();
  EXPECT_GE(scored(params), 50U);
  EXPECT_EQ(index->search(query.view, params).count(0), 50U);
}

// FAULTS C2, C4, D6: where a walk would read everything, the answer is exact.
TEST(GraphIndex, SmallIndexesAndLargeKAreExactScans) {
  for (const std::size_t rows : {1U, 2U, 5U, 40U}) {
    const SharedMatrix keys = random_matrix(rows, 6, rows);
    const SharedMatrix queries = random_matrix(4, 6, 8);
    const auto index = built(keys);
    for (const std::uint32_t k : {1U, 40U, 100U}) {
      SearchParams params = params_of(k, static_cast<std::uint32_t>(rows), 2);
      const NeighborTable found = index->search(queries.view, params);
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, k);
      test::expect_neighbors(found, truth, queries.view, keys.view, 1e-4);
      ASSERT_EQ(found.stats.size(), 2U);
      EXPECT_EQ(found.stats[0].keys_scored, rows);
      EXPECT_EQ(found.stats[0].nodes_expanded, 0U);
      EXPECT_EQ(found.stats[0].bytes_read, rows * 6 * 4);
      params.candidate_range = {1, 3};
      const Visibility visible{{1, 3}, {}, 0};
      test::expect_neighbors(index->search(queries.view, params),
                             test::reference_topk(queries.view, keys.view, k, Metric::inner_product, visible),
                             queries.view, keys.view, 1e-4);
      params.candidate_range = {500, 600};
      EXPECT_EQ(index->search(queries.view, params).count(0), 0U);
    }
  }
}

TEST(GraphIndex, CandidatesBoundTheResultsOfAWalk) {
  const SharedMatrix keys = random_matrix(600, 5, 9);
  const SharedMatrix queries = random_matrix(4, 5, 10);
  const auto index = built(keys);
  SearchParams params = params_of(8, 590);
  params.candidate_range = {100, 200};
  const Visibility visible{{100, 200}, {}, 0};
  test::expect_neighbors(index->search(queries.view, params),
                         test::reference_topk(queries.view, keys.view, 8, Metric::inner_product, visible), queries.view,
                         keys.view, 1e-4);
}

// FAULTS C3.
TEST(GraphIndex, MayHoldNoKeys) {
  const SharedMatrix keys = random_matrix(0, 4, 1);
  const auto index = build_graph(keys, {});
  EXPECT_EQ(index->search(random_matrix(2, 4, 1).view, params_of(3, 3)).count(0), 0U);
  const test::TempDirectory directory;
  index->save(directory / "empty");
  EXPECT_EQ(open_index(directory / "empty", keys)->size(), 0U);
  EXPECT_NE(index->describe().find("edges: 0"), std::string::npos);
}

TEST(GraphIndex, TheGraphMustFitTheKeysAndHaveAWayIn) {
  const SharedMatrix keys = random_matrix(5, 4, 1);
  const auto expect_refused = [&](std::string_view part, const Graph& graph) {
    expect_error(ErrorCode::invalid_argument, part,
                 [&] { GraphIndex(test::checked(keys), Metric::inner_product, graph); });
  };
  Graph graph(4, 2);
  graph.entry_points = {0};
  expect_refused("graph has 4 nodes, allowed is 5", graph);
  expect_refused("graph has 0 entry points", Graph(5, 2));
  graph = Graph(5, 1025);
  graph.entry_points = {0};
  expect_refused("stride is 1025", graph);
  expect_refused("stride is 0", Graph(5, 0));
}

TEST(GraphIndex, KeysAndLinksAreCheckedBeforeTheBuild) {
  SharedMatrix keys = random_matrix(5, 4, 1);
  NeighborTable links(1, 1);
  links.ids(0)[0] = 5;
  expect_error(ErrorCode::invalid_argument, "holds key 5", [&] { build_graph(keys, {&links, 1}); });
  links.ids(0)[0] = 4;
  test::set_element(keys, 3, 2, std::numeric_limits<float>::quiet_NaN());
  expect_error(ErrorCode::invalid_argument, "keys", [&] { build_graph(keys, {&links, 1}); });
}

TEST(GraphIndex, MemoryIsEdgesEntryPointsAndCodes) {
  const auto index = built(random_matrix(300, 5, 11), Metric::inner_product, 16);
  std::map<std::string, std::uint64_t> parts;
  for (const auto& [name, bytes] : index->memory().parts) parts[name] = bytes;
  EXPECT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts["codes"], 300U * 32);
  EXPECT_EQ(parts["edges"], 300U * 16 * sizeof(KeyId));
  EXPECT_EQ(parts["entry_points"], 5U * sizeof(KeyId));
  EXPECT_EQ(index->memory().total(), 300U * 16 * 4 + 5 * 4 + 300U * 32);
}

TEST(GraphIndex, MemoryIsKnownBeforeTheBuild) {
  GraphBuildParams params;
  params.max_degree = 8;
  params.entry_points = 5;
  for (const std::size_t keys : {1U, 3U, 300U}) {
    for (const Metric metric : test::all_metrics) {
      EXPECT_EQ(graph_bytes(keys, 5, metric, params), built(random_matrix(keys, 5, 11), metric)->memory().total());
    }
  }
  params.code_bits = 0;
  EXPECT_EQ(graph_bytes(300, 5, Metric::inner_product, params), 300U * 8 * 4 + 5 * 4);
  params.code_bits = 8;
  EXPECT_EQ(graph_bytes(300, 5, Metric::inner_product, params), 300U * (8 * 4 + 64) + 5 * 4);
}

TEST(GraphIndex, DescribesWhatTheBuildFound) {
  const SharedMatrix keys = random_matrix(4, 2, 12);
  const std::vector<std::vector<KeyId>> edges = {{1, 2}, {0}, {}, {0}};
  Graph graph{std::span<const std::vector<KeyId>>(edges)};
  graph.entry_points = {0};
  const std::string text = GraphIndex(test::checked(keys), Metric::l2, graph).describe();
  for (const char* line : {"metric: l2\n", "edges: 4\n", "degree: 0 to 2, mean 1\n", "entry points: 1\n",
                           "unreachable keys: 1\n", "depth: 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(GraphIndex, ResultsDoNotDependOnThreads) {
  const SharedMatrix keys = random_matrix(700, 6, 13, DType::bf16);
  const SharedMatrix queries = random_matrix(64, 6, 14);
  const auto index = built(keys);
  SearchParams params = params_of(9, 40, 4);
  const NeighborTable alone = index->search(queries.view, params);
  for (const unsigned threads : {2U, 4U, 16U}) {
    const auto executor = make_openmp_executor(threads);
    params.executor = executor.get();
    const NeighborTable found = index->search(queries.view, params);
    EXPECT_EQ(found, alone) << threads;
    EXPECT_TRUE(same_stats(found, alone)) << threads;
  }
}

TEST(GraphIndex, EightThreadsSearchAtOnce) {
  const SharedMatrix keys = random_matrix(700, 6, 15);
  const SharedMatrix queries = random_matrix(32, 6, 16);
  const auto index = built(keys);
  const std::vector<SearchParams> settings = {params_of(9, 40, 4), params_of(3, 10), params_of(700, 1),
                                              params_of(20, 60, 8)};
  std::vector<NeighborTable> wanted;
  for (const SearchParams& params : settings) wanted.push_back(index->search(queries.view, params));
  std::vector<int> wrong(8, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t round = 0; round < 20; ++round) {
          const std::size_t which = (thread + round) % settings.size();
          const NeighborTable found = index->search(queries.view, settings[which]);
          if (!(found == wanted[which]) || !same_stats(found, wanted[which])) ++wrong[thread];
        }
      });
    }
  }
  EXPECT_EQ(wrong, std::vector<int>(8, 0));
}

class SavedGraph : public ::testing::Test {
 protected:
  SavedGraph() { index_->save(path_); }

  // A file with a correct checksum over `sections` besides the identity.
  void write(const std::map<std::string, std::vector<std::uint32_t>>& sections) {
    ContainerWriter writer("graph");
    add_identity(writer, *index_);
    for (const auto& [name, numbers] : sections) {
      ByteWriter out;
      out.array(numbers);
      writer.add(name, out.take());
    }
    writer.save(path_);
  }
  void expect_corrupt(std::string_view part) {
    expect_error(ErrorCode::corrupt, part, [&] { open_index(path_, keys_); });
  }
  std::map<std::string, std::vector<std::uint32_t>> sound() const {
    return {{"settings", {2}}, {"degrees", {2, 1, 0, 1}}, {"edges", {1, 2, 3, 0}}, {"entry_points", {0, 3}}};
  }

  test::TempDirectory directory_;
  std::filesystem::path path_ = directory_ / "saved.rattan";
  SharedMatrix keys_ = random_matrix(4, 3, 1);
  std::unique_ptr<Index> index_ = built(keys_, Metric::inner_product, 2);
};

TEST(GraphIndexFiles, OpenedSearchesLikeSaved) {
  const test::TempDirectory directory;
  for (const DType dtype : test::all_dtypes) {
    for (const Metric metric : test::all_metrics) {
      const SharedMatrix keys = random_matrix(500, 6, 17, dtype);
      const SharedMatrix queries = random_matrix(16, 6, 18);
      const auto saved = built(keys, metric);
      saved->save(directory / "index");
      const auto opened = open_index(directory / "index", keys);
      EXPECT_EQ(opened->kind(), "graph");
      EXPECT_EQ(opened->metric(), metric);
      EXPECT_EQ(graph_of(*opened), graph_of(*saved));
      EXPECT_EQ(opened->describe(), saved->describe());
      for (const SearchParams& params : {params_of(7, 30, 4), params_of(7, 30), params_of(600, 1)}) {
        const NeighborTable a = saved->search(queries.view, params);
        const NeighborTable b = opened->search(queries.view, params);
        EXPECT_EQ(a, b);
        EXPECT_TRUE(same_stats(a, b));
      }
    }
  }
}

TEST(GraphIndexFiles, EqualGraphsGiveEqualFiles) {
  const test::TempDirectory directory;
  const SharedMatrix keys = random_matrix(300, 6, 19);
  built(keys)->save(directory / "a");
  built(keys)->save(directory / "b");
  EXPECT_EQ(test::read_file(directory / "a"), test::read_file(directory / "b"));
}

TEST_F(SavedGraph, OtherKeysAreRefused) {
  expect_error(ErrorCode::invalid_argument, "saved.rattan", [&] { open_index(path_, random_matrix(4, 3, 2)); });
  expect_error(ErrorCode::invalid_argument, "rows", [&] { open_index(path_, random_matrix(5, 3, 1)); });
}

// FAULTS A4, A15. tests/conformance flips every bit.
TEST_F(SavedGraph, A4_A15_EveryTruncationAndABitOfEveryByteIsRefused) {
  const std::string whole = test::read_file(path_);
  ASSERT_LT(whole.size(), 2000U);
  const auto refused = [&](const std::string& bytes) {
    test::write_file(path_, bytes);
    try {
      open_index(path_, keys_);
    } catch (const Error& error) {
      return error.code() == ErrorCode::corrupt || error.code() == ErrorCode::version;
    }
    return false;
  };
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(refused(whole.substr(0, size))) << size;
  EXPECT_TRUE(refused(whole + '\0'));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    EXPECT_TRUE(refused(flipped)) << "byte " << at;
  }
  EXPECT_FALSE(refused(whole));
}

TEST_F(SavedGraph, ASoundFileOfAnotherWriterOpens) {
  write(sound());
  const auto index = open_index(path_, keys_);
  const std::vector<std::vector<KeyId>> edges = {{1, 2}, {3}, {}, {0}};
  Graph wanted{std::span<const std::vector<KeyId>>(edges)};
  wanted.entry_points = {0, 3};
  EXPECT_EQ(graph_of(*index), wanted);
}

// FAULTS A1, A5, A13, A18: checksums are right, content is not. More of it in graph_sections_test.cpp.
TEST_F(SavedGraph, LyingSectionsAreRefused) {
  struct Lie {
    const char* section;
    std::vector<std::uint32_t> content;
    const char* named;
  };
  const std::vector<Lie> lies = {
      {"edges", {1, 2, 4, 0}, "key 4, allowed is below 4"},
      {"degrees", {2, 1, 0, 2}, "edges"},
      {"degrees", {no_key, 5, 0, 0}, "degree 4294967295"},
      {"entry_points", {0, 4}, "key 4, allowed is below 4"},
      {"entry_points", {no_key}, "allowed is below 4"},
      {"entry_points", {}, "entry_points has 0 keys"},
      {"settings", {0}, "stride"},
      {"settings", {1025}, "stride"},
      {"settings", {no_key}, "stride"},
      {"settings", {1}, "degree 2, allowed is 0 to 1"},
      {"settings", {}, "stride"},
      {"settings", {2, 2}, "settings"},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(testing::Message() << lie.section << ": " << testing::PrintToString(lie.content));
    auto sections = sound();
    sections[lie.section] = lie.content;
    write(sections);
    expect_corrupt(lie.named);
    expect_corrupt("saved.rattan");
  }
}

TEST_F(SavedGraph, MissingSectionsAreNamed) {
  for (const char* name : {"settings", "degrees", "edges", "entry_points"}) {
    auto sections = sound();
    sections.erase(name);
    write(sections);
    expect_corrupt(name);
  }
}

// Half a number at the end of a section.
TEST_F(SavedGraph, RaggedSectionsAreRefused) {
  for (const char* victim : {"settings", "degrees", "edges", "entry_points"}) {
    ContainerWriter writer("graph");
    add_identity(writer, *index_);
    for (const auto& [name, numbers] : sound()) {
      ByteWriter out;
      out.array(numbers);
      if (name == victim) out.u16(0);
      writer.add(name, out.take());
    }
    writer.save(path_);
    expect_corrupt(victim);
  }
}

// Edges to the key itself or twice to another are of no use, but harmless: the walk finds one key, so all are scanned.
TEST_F(SavedGraph, OddEdgesAreHarmless) {
  auto sections = sound();
  sections["edges"] = {0, 0, 1, 3};
  sections["entry_points"] = {3, 3, 3};
  write(sections);
  const auto index = open_index(path_, keys_);
  const NeighborTable found = index->search(random_matrix(1, 3, 3).view, params_of(2, 3));
  EXPECT_EQ(found.count(0), 2U);
  EXPECT_EQ(found.stats[0].keys_scored, 4U);
}

}  // namespace
}  // namespace rattan
