// An .npy file (FAULTS B1-B3, R1).
#include "datasets/npy.h"

#include "tests/datasets/files.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {

void run(std::span<const std::byte> input) {
  const datasets::Source source = test::source_of(Bytes(input.begin(), input.end()));
  accepted([&] { touch(datasets::parse_npy(source).matrix); });
}

std::vector<Bytes> seeds() {
  return {test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     \n", 48),
          test::npy_bytes("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }\n", 12, 2),
          test::npy_bytes("{'shape': (1, 2), 'fortran_order': False, 'descr': '<u2'}\n", 4, 3),
          test::npy_bytes("{'descr': [('a', '<f4')], 'fortran_order': True, 'shape': (), }\n", 4)};
}

}  // namespace rattan::fuzz
