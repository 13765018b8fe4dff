// A kind of index, as everybody knows it who handles indexes of any kind: one row of the registry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "storage/container.h"

namespace rattan {

class Graph;
class KeyCodes;
struct IndexKind;

// Of every kind's build. Their executors are not used, nor is the graph of `automatic`.
struct KindParams {
  GraphBuildParams graph = {};
  IvfBuildParams ivf = {};
  HnswBuildParams hnsw = {};
  AutoBuildParams automatic = {};
};

// What an index is built of. Each kind takes what it needs.
struct BuildInputs {
  CheckedMatrix keys = {};
  Metric metric = Metric::inner_product;
  std::span<const NeighborTable> links = {};  // as build_graph takes them
  MatrixView calibration = {};                // as build_auto takes it
  KindParams params = {};
  Executor* executor = nullptr;  // null: default_executor()
};

// The search parameter that trades recall for keys read.
struct WidthKnob {
  std::string_view name = {};
  std::optional<std::uint32_t> SearchParams::*param = nullptr;  // null: nothing is traded

  explicit operator bool() const noexcept { return param != nullptr; }
};
inline constexpr WidthKnob beam_knob{"beam", &SearchParams::beam_width};
inline constexpr WidthKnob rerank_knob{"rerank", &SearchParams::rerank};
inline constexpr WidthKnob probes_knob{"probes", &SearchParams::probes};

// The width that calibration found for searches of `k` neighbours.
struct FoundWidth {
  const IndexKind* kind = nullptr;
  std::uint32_t k = 0;      // 0: none was found
  std::uint32_t width = 0;  // 0: the kind has no knob
  // SearchParams::row_widths of groups of as many rows, each in steps of row_width_step; empty: all rows alike.
  std::vector<float> row_widths = {};

  // Sets the width of a search of `neighbors`, in proportion, and of its rows, which must not outlive this. What the
  // caller has set stays.
  void apply(std::uint32_t neighbors, SearchParams& params) const noexcept;
};

inline constexpr float row_width_step = 1.0F / 256;
inline constexpr float least_row_width = 1.0F / 16;
inline constexpr float most_row_width = 16;

void write_row_widths(ByteWriter& out, std::span<const float> row_widths);
std::vector<float> read_row_widths(ByteReader& in);

// What a GrowingIndex searches and extends of its base, which it lives as long as.
struct GrowthParts {
  const Graph* graph = nullptr;     // segments get edges of their own
  const KeyCodes* codes = nullptr;  // segments get codes of the same layout
  FoundWidth width;                 // of searches that bring none
};

struct IndexKind {
  std::string_view name;  // Index::kind(), and of files; at most 15 characters

  // What contexts ask for by number: HeadKind, RATTAN_KIND_* of rattan/c.h and the number in files of KV heads. 0: they
  // do not.
  std::uint32_t head_kind = 0;

  bool available = true;     // `build` makes one; what was saved opens in every build
  bool contender = false;    // build_auto and heads of a context choose among these; they can grow, and have `bytes`
  bool exact = false;        // finds the truth whatever the parameters say
  bool needs_links = false;  // of prefill queries
  bool calibrates = false;   // its build needs BuildInputs::calibration, and takes links where there are some
  WidthKnob width = {};

  std::unique_ptr<Index> (*build)(const BuildInputs& inputs, BuildStats* stats) = nullptr;

  // Rebuilds what save() wrote; `keys` and `metric` were compared with the file's identity. Every id, offset and count
  // is checked before it is used: Error(corrupt).
  std::unique_ptr<Index> (*open)(const Container& container, const CheckedMatrix& keys, Metric metric,
                                 Executor& executor) = nullptr;

  // memory() of what build makes of so many keys, at most but for the outliers of codes, which take no more than half a
  // byte a key. Null: not known before.
  std::size_t (*bytes)(std::size_t keys, std::size_t dim, Metric metric, const KindParams& params) = nullptr;

  // Null: a GrowingIndex cannot stand on it. Without graph and codes all keys are scanned.
  GrowthParts (*growth)(const Index& index) = nullptr;

  // Sets the knob unless the caller has.
  void apply_width(std::uint32_t value, SearchParams& params) const noexcept;
  // Sets SearchParams::row_widths where the knob is a beam, it is for as many rows, and the caller has set neither.
  void apply_row_widths(std::span<const float> factors, SearchParams& params) const noexcept;
};

}  // namespace rattan
