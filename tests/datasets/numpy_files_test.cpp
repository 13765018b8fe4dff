// The readers against files that NumPy writes, and NumPy against files that the writer writes. Skipped where there is
// no python3 with numpy.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "datasets/npy.h"
#include "datasets/safetensors.h"
#include "datasets/vecs.h"
#include "datasets/xbin.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

class NumpyFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!python("import numpy")) GTEST_SKIP() << "no python3 with numpy";
  }

  // Runs a script with np, json, struct imported and the folder as `d`.
  bool python(const std::string& script) {
    test::write_file(directory_ / "script.py", "import json, struct\nimport numpy as np\nd = '" +
                                                   directory_.path().string() + "/'\n" + script + "\n");
    const std::string script_path = "'" + (directory_ / "script.py").string() + "'";
    for (const char* interpreter : {"python3 ", "/usr/bin/python3 "}) {
      if (std::system((interpreter + script_path + " > /dev/null 2>&1").c_str()) == 0) return true;
    }
    return false;
  }

  test::TempDirectory directory_;
};

// a[i, j] = (7 i + j) / 8 - 3 is exact in every dtype used here.
void expect_pattern(const MatrixView& matrix, std::size_t rows, std::size_t cols) {
  ASSERT_EQ(matrix.rows, rows);
  ASSERT_EQ(matrix.cols, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      EXPECT_EQ(test::element(matrix, i, j), static_cast<double>(7 * i + j) / 8 - 3);
    }
  }
}
const std::string pattern = "a = ((7 * np.arange(9)[:, None] + np.arange(5)) / 8 - 3).astype('<f4')\n";

TEST_F(NumpyFiles, Npy) {
  ASSERT_TRUE(python(pattern + R"(
np.save(d + 'f4.npy', a)
np.save(d + 'f2.npy', a.astype('<f2'))
np.save(d + 'u2.npy', (a.view('<u4') >> 16).astype('<u2'))
for v in (1, 2, 3):
    np.lib.format.write_array(open(d + 'v%d.npy' % v, 'wb'), a, version=(v, 0))
np.save(d + 'fortran.npy', np.asfortranarray(a))
np.save(d + 'big.npy', a.astype('>f4'))
np.save(d + 'f8.npy', a.astype('<f8'))
np.save(d + 'object.npy', a.astype(object), allow_pickle=True)
np.save(d + 'structured.npy', np.zeros((2, 2), [('x', '<f4')]))
np.save(d + 'flat.npy', a.ravel())
np.save(d + 'none.npy', a[:0])
np.save(d + 'strided.npy', np.concatenate([a, a], 1)[:, :5])
)"));
  for (const char* name : {"f4.npy", "f2.npy", "u2.npy", "v1.npy", "v2.npy", "v3.npy", "strided.npy"}) {
    SCOPED_TRACE(name);
    expect_pattern(read_npy(directory_ / name).matrix.view, 9, 5);
  }
  EXPECT_TRUE(read_npy(directory_ / "u2.npy").u2_as_bf16);
  EXPECT_EQ(read_npy(directory_ / "none.npy").matrix.view.rows, 0U);
  for (const char* name : {"fortran.npy", "big.npy", "f8.npy", "object.npy", "structured.npy", "flat.npy"}) {
    SCOPED_TRACE(name);
    test::expect_error(ErrorCode::unsupported, name, [&] { read_npy(directory_ / name); });
  }
}

TEST_F(NumpyFiles, VecsAndBins) {
  ASSERT_TRUE(python(pattern + R"(
dims = np.full((9, 1), 5, '<i4')
np.concatenate([dims.view('<f4'), a], 1).tofile(d + 'a.fvecs')
i = np.arange(45, dtype='<i4').reshape(9, 5)
np.concatenate([dims, i], 1).tofile(d + 'a.ivecs')
for name, array in (('fbin', a), ('f16bin', a.astype('<f2')), ('ibin', i)):
    with open(d + 'a.' + name, 'wb') as f:
        f.write(struct.pack('<II', 9, 5))
        array.tofile(f)
)"));
  expect_pattern(read_fvecs(directory_ / "a.fvecs").view, 9, 5);
  expect_pattern(read_fbin(directory_ / "a.fbin").view, 9, 5);
  expect_pattern(read_f16bin(directory_ / "a.f16bin").view, 9, 5);
  for (const IntegerRows& table : {read_ivecs(directory_ / "a.ivecs"), read_ibin(directory_ / "a.ibin")}) {
    ASSERT_EQ(table.values.size(), 45U);
    for (std::size_t i = 0; i < 45; ++i) EXPECT_EQ(table.values[i], static_cast<std::int32_t>(i));
  }
}

TEST_F(NumpyFiles, SafetensorsBothWays) {
  ASSERT_TRUE(python(pattern + R"(
t = {'f4': ('F32', a), 'f2': ('F16', a.astype('<f2')), 'bf': ('BF16', (a.view('<u4') >> 16).astype('<u2'))}
head, at = {'__metadata__': {'who': 'numpy'}}, 0
for name, (dtype, x) in t.items():
    head[name] = {'dtype': dtype, 'shape': x.shape, 'data_offsets': [at, at + x.nbytes]}; at += x.nbytes
h = json.dumps(head, indent=1).encode()
open(d + 'in.safetensors', 'wb').write(struct.pack('<Q', len(h)) + h + b''.join(x.tobytes() for _, x in t.values()))
)"));
  const Safetensors file = Safetensors::open(directory_ / "in.safetensors", Access::map);
  for (const char* name : {"f4", "f2", "bf"}) expect_pattern(file.matrix(name).view, 9, 5);
  EXPECT_EQ(file.metadata().at("who"), "numpy");

  std::vector<TensorSource> tensors;
  for (const Tensor& tensor : file.tensors())
    tensors.push_back({tensor.name, tensor.type, tensor.shape, {tensor.bytes}});
  write_safetensors(directory_ / "out.safetensors", tensors, {{"who", "rattan \"ä\""}});
  EXPECT_TRUE(python(pattern + R"(
b = open(d + 'out.safetensors', 'rb').read()
n, = struct.unpack('<Q', b[:8])
h = json.loads(b[8:8 + n])
assert h.pop('__metadata__') == {'who': 'rattan "\u00e4"'}
end = 0
for name, e in h.items():
    s, t = e['data_offsets']; assert s == end; end = t
    x = np.frombuffer(b[8 + n + s:8 + n + t], {'F32': '<f4', 'F16': '<f2', 'BF16': '<u2'}[e['dtype']]).reshape(e['shape'])
    if e['dtype'] == 'BF16': x = (x.astype('<u4') << 16).view('<f4')
    assert (x.astype('<f4') == a).all(), name
assert len(h) == 3 and 8 + n + end == len(b)
)"));
}

}  // namespace
}  // namespace rattan::datasets
