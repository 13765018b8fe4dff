// The index variants a sweep compares: how each is built, how it is asked, and which width is turned to trade recall
// for keys read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/inputs/problem.h"
#include "index/index_kind.h"
#include "rattan/exact_topk.h"
#include "rattan/index.h"

namespace rattan::bench {

// What a variant searches.
struct BuildKind {
  std::string_view name = {};  // of the registry
  bool group_walk = false;     // not itself: the lowest level of an HNSW under Rattan's group walk

  auto operator<=>(const BuildKind&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct Variant {
  std::string_view name = {};
  BuildKind build = {};
  bool group = false;            // the query heads of a step search together; else one search per head
  bool with_start_keys = false;  // a step starts from the previous step's results
  std::string_view meaning = {};
  bool codes = true;  // where the index has them

  WidthKnob knob() const;  // what is turned; of what is exact, and of "auto", nothing
};

// Every variant, in the order of tables and legends.
std::span<const Variant> variants();

// "flat,ivf,graph:single" as variants. Throws UsageError naming an unknown one and listing all.
std::vector<Variant> parse_variants(std::string_view list);

// Of the kinds that variants search: "flat", "scan4", "ivf", "hnsw", "graph", "auto".
std::vector<std::string> kind_names();

// Whether this build of the library makes its kind ("ivf" needs FAISS, "hnsw" hnswlib).
bool is_available(const Variant& variant);

struct BuildOptions : KindParams {
  LinkOptions links;
  std::optional<bool> ivf_spherical;  // unset: plain and spherical are both built
  std::vector<double> auto_recalls;   // one "auto" is calibrated for each; empty: for automatic.recall
  Executor* executor = nullptr;
};

// Hands seed and executor to every kind.
void set_build_run(BuildOptions& build, std::uint64_t seed, Executor* executor);

struct BuiltIndex {
  std::unique_ptr<Index> index;
  BuildStats stats;               // with a first stage "links" where links were made
  std::string label;              // what tells it from the others of its kind, e.g. "spherical"; may be empty
  std::uint32_t max_setting = 1;  // the largest useful width

  std::uint64_t bytes() const { return index->memory().total(); }
};

// The links of a built HNSW's lowest level under Rattan's group walk, started from the nodes of its upper levels (16 at
// most). `hnsw` is what build_indexes({"hnsw"}) made over the same keys; build stats are its own.
BuiltIndex group_walk_over(const BuiltIndex& hnsw, const HeadProblem& problem);

// One index, or several of which a sweep keeps the better (IVF with plain and with spherical k-means, "auto" for each
// recall).
std::vector<BuiltIndex> build_indexes(BuildKind kind, const HeadProblem& problem, const BuildOptions& options,
                                      const ExactTopK& exact);

}  // namespace rattan::bench
