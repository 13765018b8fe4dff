// The index: one abstract type, one builder per kind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "rattan/types.h"

namespace rattan {
class CheckedMatrix;  // src/scan/checked_matrix.h
class ContainerWriter;
}  // namespace rattan

#pragma GCC visibility push(default)

namespace rattan {

// Bytes by part. Keys are borrowed and never counted.
struct MemoryUse {
  std::vector<std::pair<std::string, std::uint64_t>> parts;  // "edges", "entry_points", "centroids", ...

  std::uint64_t total() const noexcept;
};

// Immutable once built; any number of threads may search at once. Keys stay where they are: see SharedMatrix.
class Index {
 public:
  virtual ~Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // queries: [rows, d] in any dtype. Returns rows x k; stats has one entry per group of rows. Scores are fp32 sums of
  // queries and keys as they are, on every CPU: an inner product errs by at most 2 d 2^-24 * sum of |q_c k_c|.
  // Throws: Error(invalid_argument) for a wrong dim, NaN or infinity in a query, a parameter outside its range.
  NeighborTable search(MatrixView queries, const SearchParams& params = {}) const;

  // Writes everything but the keys, atomically: a failed or killed save leaves an old file whole.
  // Throws: Error(io), Error(unsupported).
  void save(const std::filesystem::path& path) const;

  virtual std::string_view kind() const noexcept = 0;  // "flat", "scan4", "graph", "auto", "ivf", "hnsw"
  virtual MemoryUse memory() const = 0;
  // Settings and what the build found, one "name: value" per line, for people.
  virtual std::string describe() const = 0;

  const MatrixView& keys() const noexcept { return keys_.view; }
  std::size_t size() const noexcept { return keys_.view.rows; }
  std::size_t dim() const noexcept { return keys_.view.cols; }
  Metric metric() const noexcept { return metric_; }

 protected:
  Index(const CheckedMatrix& keys, Metric metric);

  // For an index around another: the sections of `index` in a file of its own.
  static void write_sections_of(const Index& index, ContainerWriter& writer) { index.write_sections(writer); }

 private:
  // Arguments are checked; table is rows x k and filled with no_key; its stats have one entry per group.
  virtual void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const = 0;
  // What the file holds besides the identity of the keys.
  virtual void write_sections(ContainerWriter& writer) const = 0;

  SharedMatrix keys_;
  Metric metric_;
};

// Exact scan, one pass over the keys for all rows of a group. executor: of the keys' check; null: default_executor().
std::unique_ptr<Index> build_flat(SharedMatrix keys, Metric metric = Metric::inner_product,
                                  Executor* executor = nullptr);

// 4-bit codes of all keys are scored in one pass for all rows of a group, the best by code are read in full
// (SearchParams::rerank). The kind for short contexts. With l2 there are no codes, and searches are exact.
std::unique_ptr<Index> build_scan4(SharedMatrix keys, Metric metric = Metric::inner_product,
                                   const Scan4BuildParams& = {}, BuildStats* stats = nullptr);

// The fastest of flat, scan4 and graph for these keys on this machine: each is built, its width is turned until it
// reaches params.recall on the calibration queries, and they are timed against each other, caches cold, on one thread.
// The choice depends on timing: two builds may differ. describe() says what was measured. Searches use the width found,
// in proportion to their k, unless they bring their own. Without links there is no graph among the contenders.
// Requires: calibration: [rows, d], queries like those to come (held-out prefill queries), rows a multiple of
// params.group, at least one group; 16 to 64 groups are enough.
// Throws: Error(invalid_argument) for calibration rows that do not fit.
std::unique_ptr<Index> build_auto(SharedMatrix keys, std::span<const NeighborTable> links, MatrixView calibration,
                                  Metric metric = Metric::inner_product, const AutoBuildParams& = {},
                                  BuildStats* stats = nullptr);

// The attention graph. Each link table holds the exact top-k keys of prefill queries; several tables are the query
// heads of one GQA group, whose links are united, never averaged. The same bytes for any number of threads.
// Requires: ids in the tables are below keys.rows.
std::unique_ptr<Index> build_graph(SharedMatrix keys, std::span<const NeighborTable> links,
                                   Metric metric = Metric::inner_product, const GraphBuildParams& = {},
                                   BuildStats* stats = nullptr);

// Opens what save() wrote. Every byte is verified. executor: of the keys' check and codes; null: default_executor().
// Requires: the same keys; rows, dim, dtype and a fingerprint of their bytes are compared.
// Throws: Error(not_found, io, corrupt, version, invalid_argument). The file is read whole: it may change afterwards.
std::unique_ptr<Index> open_index(const std::filesystem::path& path, SharedMatrix keys, Executor* executor = nullptr);

// The kinds that the builders above make: {"auto", "flat", "graph", "scan4"}. rattan/baselines.h makes more.
std::vector<std::string> available_kinds();

}  // namespace rattan

#pragma GCC visibility pop
