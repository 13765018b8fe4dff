#include "context/head_file.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "clusters/cluster_sections.h"
#include "context/evidence_section.h"
#include "context/head_kind.h"
#include "core/check.h"
#include "core/grown_rows.h"
#include "core/parallel.h"
#include "index/flat_index.h"
#include "index/registry.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "storage/container.h"

namespace rattan {
namespace {

constexpr std::string_view container_kind = "kv_head";
constexpr const char* section_name = "head";
constexpr const char* window_section = "window";
constexpr std::uint32_t longest_reason = 4096;
constexpr std::uint32_t largest_k = 1U << 20;
constexpr std::uint32_t largest_width = 1U << 24;
constexpr std::uint32_t millionths = 1000000;

// Index gives its sections to indexes around it; this is one that never exists.
struct Sections : Index {
  using Index::write_sections_of;
};

void write_matrix(ByteWriter& out, const MatrixView& matrix) {
  out.u64(matrix.rows);
  out.u64(matrix.cols);
  out.u32(static_cast<std::uint32_t>(matrix.dtype));
  out.u64(fingerprint(matrix));
}

void check_matrix_is(ByteReader& in, const std::string& file, std::string_view name, const MatrixView& given) {
  const auto check = [&](std::string_view what, std::uint64_t saved, std::uint64_t value) {
    if (saved == value) return;
    fail(ErrorCode::invalid_argument, name, ": ", what, " is ", value, ", but ", file, " was saved over ", name, " of ",
         what, " ", saved);
  };
  check("rows", in.u64("rows"), given.rows);
  check("cols", in.u64("cols"), given.cols);
  check("dtype", in.number_in<std::uint32_t>("dtype", 0, 2), static_cast<std::uint32_t>(given.dtype));
  check("fingerprint", in.u64("fingerprint"), fingerprint(given));
}

// All tokens of a head, the sinks first.
struct SavedRows {
  MatrixView keys;
  MatrixView values;
  std::size_t sinks = 0;
  std::size_t recent = 0;
};

std::vector<std::byte> head_section(const SavedRows& rows, const HeadIndex& head) {
  ByteWriter out;
  write_matrix(out, rows.keys);
  write_matrix(out, rows.values);
  out.u64(rows.sinks);
  out.u64(head.indexed());
  const HeadChoice& choice = head.choice;
  out.u32(static_cast<std::uint32_t>(choice.kind));
  out.u32(choice.k);
  out.u32(choice.width);
  out.array(std::span<const std::uint32_t>(choice.curve.keys));
  const std::string_view reason = std::string_view(choice.reason).substr(0, longest_reason);
  out.u32(static_cast<std::uint32_t>(reason.size()));
  out.text(reason);
  for (const double recall : {choice.recall, choice.worst_recall}) {
    out.u32(static_cast<std::uint32_t>(std::lround(recall * millionths)));
  }
  write_row_widths(out, choice.row_widths);
  return out.take();
}

HeadChoice read_choice(ByteReader& in, std::size_t indexed) {
  HeadChoice choice;
  choice.kind = static_cast<HeadKind>(in.number_in<std::uint32_t>("kind", 1, last_head_kind()));
  choice.k = in.number_in<std::uint32_t>("k", 0, largest_k);
  choice.width = in.number_in<std::uint32_t>("width", 0, largest_width);
  for (std::uint32_t& keys : choice.curve.keys) {
    keys = in.number_in<std::uint32_t>("mass curve", 0, static_cast<std::uint32_t>(indexed));
  }
  choice.reason = in.text(in.number_in<std::uint32_t>("length of the reason", 0, longest_reason), "reason");
  if (in.remaining() == 0) return choice;  // a file of before recalls were kept
  for (double* const recall : {&choice.recall, &choice.worst_recall}) {
    *recall = in.number_in<std::uint32_t>("recall", 0, millionths) / double{millionths};
  }
  if (in.remaining() != 0) choice.row_widths = read_row_widths(in);
  return choice;
}

void save(const SavedRows& rows, const HeadIndex& head, const QueryEvidence::Copy& kept,
          const std::filesystem::path& path) {
  ContainerWriter writer{std::string(container_kind)};
  writer.add(section_name, head_section(rows, head));
  ByteWriter window;
  window.u64(rows.recent);
  writer.add(window_section, window.take());
  Sections::write_sections_of(*head.index, writer);
  add_clusters(writer, head.clusters);
  add_evidence(writer, kept, rows.keys.rows);
  writer.save(path);
}

// Of files that were written without: all rows behind the index are of the window.
std::size_t read_recent(const Container& container, std::size_t behind) {
  if (!container.has(window_section)) return behind;
  ByteReader in = container.section(window_section);
  const auto recent = in.number_in<std::uint64_t>("recent tokens", 0, no_key);
  in.expect_end();
  return recent;
}

}  // namespace

std::filesystem::path head_path(const std::filesystem::path& folder, std::size_t layer, std::size_t head) {
  std::array<char, 64> name{};
  static_cast<void>(std::snprintf(name.data(), name.size(), "layer_%04zu_head_%04zu.rattan", layer, head));
  return folder / name.data();
}

void save_head(const HeadPrefix& prefix, const std::filesystem::path& path) {
  const MatrixView& keys = prefix.keys.view;
  save({keys, prefix.values.view, prefix.sinks, keys.rows - prefix.sinks - prefix.indexed()}, prefix, {}, path);
}

void save_head(const KvHead& head, std::size_t tokens, const Generation& generation,
               const std::filesystem::path& path) {
  const KvHead::View view = head.view(tokens);
  const SharedMatrix keys = in_one_place(view.token_keys, 0, tokens);
  const SharedMatrix values = in_one_place(view.token_values, 0, tokens);
  const std::size_t ids = tokens - view.sinks;
  const SavedRows rows{keys.view, values.view, view.sinks, ids - view.window};
  const HeadIndex& base = generation.base();
  const QueryEvidence::Copy kept = head.kept_queries();
  if (generation.index().base_size() == base.indexed() && base.indexed() <= ids) return save(rows, base, kept, path);
  HeadIndex none;
  none.index = std::make_shared<const FlatIndex>(CheckedMatrix::trusted(keys.view.slice(0, 0)), Metric::inner_product);
  none.choice.reason = "attends to all keys: its index was cut by a truncation";
  save(rows, none, kept, path);
}

std::shared_ptr<HeadPrefix> open_head(const std::filesystem::path& path, const CheckedMatrix& keys,
                                      const CheckedMatrix& values, const ContextParams& params,
                                      QueryEvidence::Copy* kept) {
  const Container container = Container::open(path);
  if (container.kind() != container_kind) {
    fail(ErrorCode::corrupt, container.name(), ": kind is \"", container.kind(), "\", allowed is \"", container_kind,
         "\"");
  }
  ByteReader in = container.section(section_name);
  check_matrix_is(in, container.name(), "keys", keys.view());
  check_matrix_is(in, container.name(), "values", values.view());
  const auto sinks = in.number_in<std::uint64_t>("sinks", 0, keys.rows());
  const auto indexed = in.number_in<std::uint64_t>("indexed keys", 0, keys.rows() - sinks);
  auto prefix = std::make_shared<HeadPrefix>();
  prefix->choice = read_choice(in, indexed);
  in.expect_end();
  const IdRange wanted = indexed_rows(keys.rows(), params);
  const std::size_t recent = read_recent(container, keys.rows() - sinks - indexed);
  if (sinks != wanted.begin || recent != keys.rows() - wanted.end) {
    fail(ErrorCode::invalid_argument, "ContextParams: sinks is ", params.sinks, " and recent is ", params.recent,
         ", but ", container.name(), " was saved with ", sinks, " and ", recent);
  }
  prefix->sinks = sinks;
  prefix->index =
      find_kind(prefix->choice.kind)
          ->open(container, keys.slice(sinks, indexed), Metric::inner_product, executor_or_default(params.executor));
  prefix->clusters = read_clusters(container, indexed, keys.cols(), values.cols());
  if (kept != nullptr) *kept = read_evidence(container, keys.rows(), keys.cols());
  prefix->keys = keys.shared();
  prefix->values = values.shared();
  return prefix;
}

}  // namespace rattan
