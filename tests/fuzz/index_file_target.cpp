// Index files of every kind by a writer that lies with correct checksums: refused, or an index whose answers are in
// range (FAULTS A1-A18, R7).
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>

#include "core/parallel.h"
#include "index/identity.h"
#include "index/registry.h"
#include "rattan/exact_topk.h"
#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "tests/fuzz/rows.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/sections.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

constexpr std::size_t dim = 3;

struct Form {
  std::string_view kind;
  std::vector<std::string_view> sections;  // behind "identity"
};

const std::array<Form, 6>& forms() {
  static const std::array<Form, 6> all = {{{"flat", {}},
                                           {"scan4", {}},
                                           {"graph", {"settings", "degrees", "edges", "entry_points"}},
                                           {"auto", {"choice", "settings", "degrees", "edges", "entry_points"}},
                                           {"hnsw", {"settings", "degrees", "edges", "upper"}},
                                           {"ivf", {"settings", "centroids", "offsets", "ids"}}}};
  return all;
}

// Of 0, 1, 12 or 40 rows.
const SharedMatrix& keys_of(std::uint32_t choice) {
  static const std::array<SharedMatrix, 4> all = [] {
    std::array<SharedMatrix, 4> made;
    constexpr std::array<std::size_t, 4> rows = {12, 40, 1, 0};
    for (std::size_t i = 0; i < made.size(); ++i) {
      const DType dtype = i == 1 ? DType::f16 : DType::f32;
      made[i] = stored_rows(make_rows(Nature::uniform, i, rows[i], dtype, dim), rows[i], dim, dtype);
    }
    return made;
  }();
  return all[choice % all.size()];
}

Bytes identity_of(const MatrixView& keys, Metric metric) {
  ByteWriter out;
  out.u64(keys.rows);
  out.u64(keys.cols);
  out.u32(static_cast<std::uint32_t>(keys.dtype));
  out.u32(static_cast<std::uint32_t>(metric));
  out.u64(fingerprint(keys));
  return out.take();
}

void check_row(const NeighborTable& found, std::size_t row, const Index& index, const SearchParams& params) {
  const std::size_t count = found.count(row);
  const auto ids = found.ids(row);
  const auto scores = found.scores(row);
  for (std::size_t i = 0; i < found.k(); ++i) {
    if (i >= count) {
      require(ids[i] == no_key && scores[i] == -INFINITY, "rows end in fillers");
      continue;
    }
    require(ids[i] < index.size() && params.candidate_range.contains(ids[i]), "ids are keys of the range");
    require(std::isfinite(scores[i]), "scores are finite");
    require(i == 0 || scores[i - 1] > scores[i] || (scores[i - 1] == scores[i] && ids[i - 1] < ids[i]),
            "rows are sorted, without duplicates");
  }
}

void search(const Index& index) {
  static const SharedMatrix queries =
      stored_rows(make_rows(Nature::uniform, 9, 4, DType::f32, dim), 4, dim, DType::f32);
  const auto last = static_cast<KeyId>(index.size());
  for (const std::uint32_t k : {1U, 5U, 50U}) {
    for (const IdRange range : {IdRange{}, IdRange{last / 3, last - last / 4}}) {
      SearchParams params;
      params.k = k;
      params.group = k == 1 ? 1 : 4;
      params.candidate_range = range;
      params.executor = &serial_executor();
      if (k == 5) params.beam_width = params.probes = 7;
      const NeighborTable found = index.search(queries.view, params);
      for (std::size_t row = 0; row < found.rows(); ++row) check_row(found, row, index, params);
    }
  }
}

// As open_index does, but in memory.
void open_and_search(const Container& container, const SharedMatrix& keys) {
  const IndexKind* const kind = find_kind(container.kind());
  const Metric metric = check_identity(container, keys.view);
  const auto index = kind->open(container, CheckedMatrix(keys, "keys", serial_executor()), metric, serial_executor());
  search(*index);
  require(!index->describe().empty(), "an index describes itself");
  index->memory();
}

}  // namespace

// kind, keys and metric, then the sections. The identity is right unless the third byte has its highest bit.
void run(std::span<const std::byte> input) {
  ByteSource in(input);
  const Form& form = forms()[in.below(static_cast<std::uint32_t>(forms().size()))];
  const SharedMatrix& keys = keys_of(in.u8());
  const std::uint32_t way = in.u8();
  const Metric metric = (way & 1U) != 0 ? Metric::l2 : Metric::inner_product;
  ContainerWriter writer{std::string(form.kind)};
  if ((way & 0x80U) == 0) {
    writer.add("identity", identity_of(keys.view, metric));
  } else if (auto lie = read_section(in)) {
    writer.add("identity", std::move(*lie));
  }
  for (const std::string_view name : form.sections) {
    if (auto content = read_section(in)) writer.add(std::string(name), std::move(*content));
  }
  const Container container = Container::parse(writer.bytes());
  accepted([&] { open_and_search(container, keys); });
}

namespace {

Bytes seed_of(const Index& index, std::uint32_t keys, const std::filesystem::path& file) {
  const auto form = std::find_if(forms().begin(), forms().end(), [&](const Form& f) { return f.kind == index.kind(); });
  index.save(file);
  Bytes input;
  append_number(input, static_cast<std::uint32_t>(form - forms().begin()), 1);
  append_number(input, keys, 1);
  append_number(input, index.metric() == Metric::l2 ? 1 : 0, 1);
  append_sections(input, Container::open(file), form->sections);
  return input;
}

// A key after the other along a ring, and an upper layer of two; one list per three keys.
Bytes hnsw_seed() {
  ByteWriter settings, degrees, edges, upper;
  settings.u32(4);
  settings.u32(10);
  settings.u64(1);
  settings.u32(6);
  settings.u32(1);
  for (std::uint32_t key = 0; key < 12; ++key) {
    degrees.u32(2);
    edges.u32((key + 1) % 12);
    edges.u32((key + 5) % 12);
  }
  upper.u64(2);
  for (const std::uint32_t number : {0U, 6U, 0U, 1U, 2U, 6U, 0U}) upper.u32(number);
  Bytes input{std::byte{4}, std::byte{0}, std::byte{0}};
  for (const ByteWriter* section : {&settings, &degrees, &edges, &upper}) append_section(input, section->view());
  return input;
}

Bytes ivf_seed() {
  ByteWriter settings, centroids, offsets, ids;
  settings.u64(4);
  settings.u64(1);
  settings.u32(10);
  settings.u32(0);
  for (const float x : make_rows(Nature::uniform, 5, 4, DType::f32, dim)) centroids.f32(x);
  for (const std::uint32_t offset : {0U, 3U, 6U, 9U, 12U}) offsets.u32(offset);
  for (std::uint32_t key = 0; key < 12; ++key) ids.u32(key);
  Bytes input{std::byte{5}, std::byte{0}, std::byte{1}};
  for (const ByteWriter* section : {&settings, &centroids, &offsets, &ids}) append_section(input, section->view());
  return input;
}

}  // namespace

std::vector<Bytes> seeds() {
  const ScratchFolder folder;
  const std::filesystem::path file = folder.path() / "index";
  std::vector<Bytes> all{hnsw_seed(), ivf_seed(), {std::byte{0}}, {std::byte{1}, std::byte{1}}};
  for (const std::uint32_t choice : {0U, 1U, 2U}) {
    const SharedMatrix& keys = keys_of(choice);
    const auto links = make_exact_topk_cpu(&serial_executor())->find(keys.view, keys.view, 4, Metric::inner_product);
    GraphBuildParams graph;
    graph.max_degree = 4;
    graph.entry_points = 2;
    graph.executor = &serial_executor();
    all.push_back(seed_of(*build_graph(keys, {&links, 1}, Metric::inner_product, graph), choice, file));
    all.push_back(seed_of(*build_graph(keys, {&links, 1}, Metric::l2, graph), choice, file));
    AutoBuildParams automatic;
    automatic.k = 3;
    automatic.executor = &serial_executor();
    all.push_back(seed_of(*build_auto(keys, {&links, 1}, keys.view, Metric::inner_product, automatic), choice, file));
  }
  return all;
}

}  // namespace rattan::fuzz
