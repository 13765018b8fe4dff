// What people type, specs of synthetic heads, lists of numbers, words that are nearly right; and headers that are text.
#include <string>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "datasets/npy_header.h"
#include "datasets/qkv_readers.h"
#include "datasets/safetensors_header.h"
#include "datasets/synthetic_spec.h"
#include "rattan/index.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

void spec(const std::string& text) {
  accepted([&] {
    const datasets::SyntheticParams params = datasets::parse_synthetic(text);
    params.validate();
    const std::string canonical = datasets::to_string(params);
    require(datasets::to_string(datasets::parse_synthetic(canonical)) == canonical, "a canonical spec is read back");
  });
}

template <typename Call>
void usage(const Call& call) {
  try {
    call();
  } catch (const bench::UsageError&) {
  }
}

void words(const std::string& text) {
  usage([&] { require(bench::parse_int_list(text, "--layers").size() <= 65'536, "lists are short"); });
  require(bench::join(bench::split(text, ','), ",") == text, "what is split is joined again");
  bench::nearest_word(text.substr(0, 64), available_kinds());
  if (const auto number = datasets::parse_number(text)) require(*number >= 0 && *number <= 999'999, "numbers in range");
  datasets::layer_in_name(text);
}

}  // namespace

void run(std::span<const std::byte> input) {
  ByteSource in(input);
  const std::uint32_t what = in.u8();
  const auto rest = in.rest();
  const std::string text(reinterpret_cast<const char*>(rest.data()), rest.size());
  switch (what % 4) {
    case 0: return spec(text);
    case 1: return words(text);
    case 2: accepted([&] { datasets::parse_npy_header(text, "header"); }); return;
    default: accepted([&] { datasets::parse_safetensors_header(text, "header"); });
  }
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  for (const std::string& text : {std::string("0n=131072,d=128,group=4,heads=2,seed=1,gap=1.2,sharpness=0.5"),
                                  std::string("0dtype=bf16,decode=16,qstep=4"), std::string("10,2,5-7"),
                                  std::string("1grahp"), std::string("1layer_03.safetensors"),
                                  std::string("2{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n"),
                                  std::string(R"(3{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})")}) {
    Bytes bytes;
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    all.push_back(bytes);
  }
  return all;
}

}  // namespace rattan::fuzz
