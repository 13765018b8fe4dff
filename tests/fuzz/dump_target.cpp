// A dump as it lies on disk: a folder or a file of any form, told by name and first bytes (FAULTS A17, A19, B1-B7).
#include <algorithm>
#include <filesystem>
#include <string>

#include "datasets/file_kind.h"
#include "datasets/qkv_dump.h"
#include "tests/datasets/files.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/sections.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

// Files of one dump, and what is opened: the last one's name, or the folder where that is empty.
struct Form {
  std::vector<std::string_view> files;
  std::string_view opened;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {{"layer_00.safetensors"}, ""},
      {{"model-1.safetensors", "model.safetensors.index.json"}, "model.safetensors.index.json"},
      {{"K_0_0.npy", "Q_0_0.npy", "V_0_0.npy"}, ""},
      {{"keys.npy", "queries.npy"}, ""},
      {{"keys.fvecs", "queries.fvecs", "neighbors.ivecs"}, ""},
      {{"keys.fbin", "queries.fbin", "neighbors.ibin"}, ""},
      {{"keys.f16bin", "queries.fbin"}, "keys.f16bin+queries.fbin"},
      {{"file"}, "file"}};
  return all;
}

void read(const std::filesystem::path& path) {
  const datasets::QkvDump dump = datasets::QkvDump::open(path);
  for (const int layer : dump.layers()) {
    for (std::size_t h = 0; h < dump.kv_heads(layer); ++h) {
      const datasets::KvGroup group = dump.group(layer, static_cast<int>(h));
      touch(group.keys);
      touch(group.values);
      for (const SharedMatrix& queries : group.prefill_queries) touch(queries);
      for (const SharedMatrix& queries : group.decode_queries) touch(queries);
    }
  }
}

std::string opened_path(const ScratchFolder& folder, std::string_view opened) {
  const std::string path = folder.path();
  if (opened.empty()) return path;
  const std::size_t plus = opened.find('+');
  if (plus == std::string_view::npos) return path + "/" + std::string(opened);
  return path + "/" + std::string(opened.substr(0, plus)) + "+" + path + "/" + std::string(opened.substr(plus + 1));
}

}  // namespace

// The form, then its files.
void run(std::span<const std::byte> input) {
  static const std::vector<ScratchFolder> folders(forms().size());
  ByteSource in(input);
  const std::uint32_t number = in.below(static_cast<std::uint32_t>(forms().size()));
  const Form& form = forms()[number];
  const ScratchFolder& folder = folders[number];
  for (const std::string_view name : form.files) {
    const auto content = read_section(in);
    if (content) {
      folder.write(name, *content);
    } else {
      std::filesystem::remove(folder.path() / name);
    }
  }
  accepted([&] { datasets::describe(datasets::kind_of_file(folder.path() / form.files.back())); });
  accepted([&] { read(opened_path(folder, form.opened)); });
}

namespace {

Bytes seed_of(std::uint32_t form, const std::vector<Bytes>& files) {
  Bytes input;
  append_number(input, form, 1);
  for (const Bytes& file : files) append_section(input, file);
  return input;
}

Bytes bytes_of(std::string_view text) {
  ByteWriter out;
  out.text(text);
  return out.take();
}

}  // namespace

std::vector<Bytes> seeds() {
  const std::string metadata = R"("__metadata__":{"layer":"0","prefill":"3","softmax_scale":"0.5"},)";
  const std::string tensors = test::entry("q", "F16", "[1,3,2]", 0, 12) + "," +
                              test::entry("k", "F16", "[1,3,2]", 12, 24) + "," +
                              test::entry("v", "F16", "[1,3,2]", 24, 36) + "}";
  const std::string named = test::entry("layers.0.q", "F16", "[1,3,2]", 0, 12) + "," +
                            test::entry("layers.0.k", "F16", "[1,3,2]", 12, 24) + "}";
  const Bytes index = bytes_of(
      R"({"metadata":{},"weight_map":{"layers.0.q":"model-1.safetensors","layers.0.k":"model-1.safetensors"}})");
  const Bytes npy = test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     \n", 48);
  ByteWriter vecs, ids, bin, id_bin, halves;
  bin.u32(3), bin.u32(4);
  id_bin.u32(3), id_bin.u32(2), id_bin.zeros(24);
  halves.u32(3), halves.u32(4), halves.zeros(24);
  for (std::uint32_t row = 0; row < 3; ++row) {
    vecs.u32(4), vecs.zeros(16);
    ids.u32(2), ids.u32(row), ids.u32(0);
    bin.zeros(16);
  }
  const Bytes fvecs = vecs.take();
  const Bytes fbin = bin.take();
  return {seed_of(0, {test::safetensors_bytes("{" + metadata + tensors, 36)}),
          seed_of(1, {test::safetensors_bytes("{" + metadata + named, 24), index}),
          seed_of(2, {npy, npy, npy}),
          seed_of(3, {npy, npy}),
          seed_of(4, {fvecs, fvecs, ids.take()}),
          seed_of(5, {fbin, fbin, id_bin.take()}),
          seed_of(6, {halves.take(), fbin}),
          seed_of(7, {bytes_of("PK\x03\x04 and so on")})};
}

}  // namespace rattan::fuzz
