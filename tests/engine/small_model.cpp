#include "tests/engine/small_model.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "tests/support/files.h"

namespace rattan::test {
namespace {

constexpr std::uint32_t layers = 2, heads = 4, kv_heads = 2, head_dim = 32, width = 48, ffn = 80;

class Writer {
 public:
  void matrix(const std::string& name, std::uint32_t rows, std::uint32_t columns) {
    std::string bytes;
    for (std::uint32_t i = 0; i < rows * columns; ++i) bytes.push_back(static_cast<char>(random_() % 255 - 127));
    add(name, "I8", {rows, columns}, bytes);
    floats(name + ".scale", rows, 3.0F / (127 * std::sqrt(static_cast<float>(columns))));
  }

  void floats(const std::string& name, std::uint32_t count, float value) {
    std::string bytes(count * sizeof value, '\0');
    for (std::uint32_t i = 0; i < count; ++i) std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    add(name, "F32", {count}, bytes);
  }

  SmallModel model;

 private:
  void add(const std::string& name, const std::string& dtype, const std::vector<std::uint32_t>& shape,
           const std::string& bytes) {
    const std::size_t begin = model.data.size();
    model.data += bytes;
    model.header[name] = {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin, model.data.size()}}};
  }

  std::mt19937 random_{7};
};

// Field 1 of a SentencePiece model for every id: letters, blanks, a byte.
std::string tokenizer() {
  std::string model;
  for (int id = 0; id < small_vocab; ++id) {
    std::string text = id == 0 ? "<0x0A>" : "\xe2\x96\x81w" + std::to_string(id);
    std::string piece = "\x0a" + std::string(1, static_cast<char>(text.size())) + text;
    piece += "\x15" + std::string(4, '\0');
    if (id == 0) piece += "\x18\x06";
    model += "\x0a" + std::string(1, static_cast<char>(piece.size())) + piece;
  }
  return model;
}

}  // namespace

std::string SmallModel::bytes() const {
  const std::string text = header.dump();
  std::string file;
  for (unsigned shift = 0; shift < 64; shift += 8) file.push_back(static_cast<char>(text.size() >> shift & 0xff));
  return file + text + data;
}

SmallModel small_model() {
  Writer writer;
  writer.matrix("embed", small_vocab, width);
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    const std::string name = "layers." + std::to_string(layer) + ".";
    writer.floats(name + "attn_norm", width, 1);
    writer.floats(name + "ffn_norm", width, 1);
    writer.matrix(name + "wqkv", (heads + 2 * kv_heads) * head_dim, width);
    writer.matrix(name + "wo", width, heads * head_dim);
    writer.matrix(name + "gate_up", 2 * ffn, width);
    writer.matrix(name + "down", width, ffn);
  }
  writer.floats("norm", width, 1);
  writer.model.header["__metadata__"] = {{"layers", "2"},    {"heads", "4"},       {"kv_heads", "2"},
                                         {"head_dim", "32"}, {"d_model", "48"},    {"vocab", "300"},
                                         {"ffn", "80"},      {"norm_eps", "1e-5"}, {"rope_theta", "10000"}};
  return writer.model;
}

std::string write_small_model(const std::filesystem::path& folder, std::size_t tokens) {
  std::mt19937 random(3);
  std::string text;
  for (std::size_t i = 0; i < tokens; ++i) {
    const auto id = static_cast<unsigned>(random() % small_vocab);
    text += {static_cast<char>(id & 0xff), static_cast<char>(id >> 8)};
  }
  write_file(folder / "model.safetensors", small_model().bytes());
  write_file(folder / "text.u16", text);
  write_file(folder / "tokenizer.model", tokenizer());
  return " --model " + (folder / "model.safetensors").string() + " --text " + (folder / "text.u16").string() + " ";
}

}  // namespace rattan::test
