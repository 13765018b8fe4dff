// A safetensors file, and where it has the tensors of a layer, that layer (FAULTS B4, B5, R1).
#include "datasets/qkv_readers.h"
#include "datasets/safetensors.h"
#include "tests/datasets/files.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

void read_tensors(const datasets::Safetensors& file) {
  for (const datasets::Tensor& tensor : file.tensors()) {
    touch(tensor.bytes);
    accepted([&] { touch(file.matrix(tensor.name)); });
    accepted([&] { file.integers(tensor); });
  }
}

void read_layer(const datasets::Safetensors& file) {
  for (const datasets::KvGroup& group : datasets::read_layer(file, std::nullopt)) {
    touch(group.keys);
    touch(group.values);
    for (const SharedMatrix& queries : group.prefill_queries) touch(queries);
    for (const SharedMatrix& queries : group.decode_queries) touch(queries);
    for (const std::int64_t position : group.decode_positions) {
      require(position >= static_cast<std::int64_t>(group.prefill), "decode rows stand behind the prefill");
      require(position < static_cast<std::int64_t>(group.keys.view.rows), "decode rows stand at keys");
    }
  }
}

}  // namespace

void run(std::span<const std::byte> input) {
  accepted([&] {
    const auto file = datasets::Safetensors::parse(test::source_of(Bytes(input.begin(), input.end())));
    read_tensors(file);
    accepted([&] { read_layer(file); });
  });
}

std::vector<Bytes> seeds() {
  const std::string layer =
      R"({"__metadata__":{"layer":"1","prefill":"2","softmax_scale":"0.5","heads":"2"},)" +
      test::entry("q", "F16", "[2,2,2]", 0, 16) + "," + test::entry("k", "F16", "[1,3,2]", 16, 28) + "," +
      test::entry("v", "F16", "[1,3,2]", 28, 40) + "," + test::entry("q_pos", "I32", "[2]", 40, 48) + "}";
  Bytes of_layer = test::safetensors_bytes(layer, 40);
  ByteWriter positions;
  positions.array(std::vector<std::int32_t>{1, 2});
  of_layer.insert(of_layer.end(), positions.view().begin(), positions.view().end());
  const std::string mixed = "{\"__metadata__\":{\"k\":\"v\"}," + test::entry("a", "F32", "[2,3]", 0, 24) + "," +
                            test::entry("b", "I64", "[1]", 24, 32) + "," + test::entry("c", "BF16", "[0,2]", 32, 32) +
                            "}";
  return {of_layer, test::safetensors_bytes(mixed, 32), test::safetensors_bytes("{}", 0)};
}

}  // namespace rattan::fuzz
