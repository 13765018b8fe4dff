#include "index/flat_index.h"

#include <algorithm>

#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"

namespace rattan {
namespace {

// Keys per task of a shared pass: long enough to hide the start of a task, short enough to spread 65,536 keys.
constexpr std::size_t shared_block = 4096;

}  // namespace

FlatIndex::FlatIndex(SharedMatrix keys, Metric metric)
    : Index(std::move(keys), metric), scorer_(this->keys(), metric) {}

std::string FlatIndex::describe() const { return message("metric: ", to_string(metric()), "\n"); }

IdRange FlatIndex::scanned(const SearchParams& params) const noexcept {
  const auto end = std::min(params.candidates.end, static_cast<KeyId>(size()));
  return {std::min(params.candidates.begin, end), end};
}

SearchStats FlatIndex::cost(IdRange range) const noexcept {
  SearchStats stats;
  stats.keys_scored = range.end - range.begin;
  stats.bytes_read = stats.keys_scored * keys().row_bytes();
  return stats;
}

void FlatIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  Executor& executor = executor_or_default(params.executor);
  const std::size_t groups = queries.rows / params.group;
  if (groups >= executor.workers()) {
    search_groups(queries, params, table, scratches_, [&](MatrixView group, std::size_t first_row, Scratch& scratch) {
      return search_alone(group, params, first_row, scratch, table);
    });
    return;
  }
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first_row = group * params.group;
    table.stats[group] = search_shared(queries.slice(first_row, params.group), params, first_row, executor, table);
  }
}

void FlatIndex::prepare(MatrixView queries, std::uint32_t k, Scratch& scratch) const {
  scorer_.prepare(queries, scratch.queries);
  scratch.best.resize(queries.rows);
  for (TopK& best : scratch.best) best.reset(k);
}

SearchStats FlatIndex::search_alone(MatrixView queries, const SearchParams& params, std::size_t first_row,
                                    Scratch& scratch, NeighborTable& table) const {
  prepare(queries, params.k, scratch);
  flat_scan(scorer_, scratch.queries, scanned(params), scratch.best, scratch.scan);
  for (std::size_t i = 0; i < queries.rows; ++i) {
    write_row(scratch.best[i].sorted(), table.ids(first_row + i), table.scores(first_row + i));
  }
  return cost(scanned(params));
}

// The order of neighbours is total, so the best of the workers' bests do not depend on who scanned what.
SearchStats FlatIndex::search_shared(MatrixView queries, const SearchParams& params, std::size_t first_row,
                                     Executor& executor, NeighborTable& table) const {
  const IdRange range = scanned(params);
  ScratchLease<Scratch> lease(scratches_, executor.workers());
  parallel_blocks(executor, range.end - range.begin, shared_block,
                  [&](std::size_t begin, std::size_t end, unsigned worker) {
                    Scratch& scratch = lease.of(worker, [&](Scratch& taken) { prepare(queries, params.k, taken); });
                    const IdRange block{static_cast<KeyId>(range.begin + begin), static_cast<KeyId>(range.begin + end)};
                    flat_scan(scorer_, scratch.queries, block, scratch.best, scratch.scan);
                  });
  for (std::size_t i = 0; i < queries.rows; ++i) {
    TopK merged(params.k);
    lease.each_taken([&](Scratch& scratch) {
      for (const Neighbor& neighbor : scratch.best[i].sorted()) merged.push(neighbor.score, neighbor.id);
    });
    write_row(merged.sorted(), table.ids(first_row + i), table.scores(first_row + i));
  }
  return cost(range);
}

void FlatIndex::save_checked(const std::filesystem::path& path) const {
  ContainerWriter writer{std::string(kind())};
  add_identity(writer, *this);
  writer.save(path);
}

std::unique_ptr<Index> build_flat(SharedMatrix keys, Metric metric) {
  return std::make_unique<FlatIndex>(std::move(keys), metric);
}

std::unique_ptr<Index> open_flat(const Container&, SharedMatrix keys, Metric metric) {
  return std::make_unique<FlatIndex>(std::move(keys), metric);
}

}  // namespace rattan
