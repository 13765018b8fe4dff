#include "context/head_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "context/head_attention.h"
#include "tests/context/attend_token.h"
#include "tests/context/synthetic_head.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

std::vector<float> attend(const std::shared_ptr<const HeadPrefix>& prefix, const SyntheticHead& head) {
  const KvHead grown(prefix, head.params);
  HeadScratch scratch;
  std::vector<float> output(16);
  std::vector<float> lse(2);
  attend_token(grown, head.asked(499).view, 500, head.params.budget, SyntheticHead::scale, output, lse, scratch);
  output.insert(output.end(), lse.begin(), lse.end());
  return output;
}

std::shared_ptr<const HeadPrefix> open(const std::filesystem::path& path, const SyntheticHead& head) {
  return open_head(path, test::checked(head.prefix->keys), test::checked(head.prefix->values), head.params);
}

TEST(HeadFile, OpensAsItWasSaved) {
  const TempDirectory folder;
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    SyntheticHead head(kind, 500);
    auto prefix = std::make_shared<HeadPrefix>(*head.prefix);
    if (kind == HeadKind::graph) prefix->choice.row_widths = {0.75F, 1.5F};
    head.prefix = prefix;
    save_head(*head.prefix, folder / "head");
    const auto opened = open(folder / "head", head);
    EXPECT_EQ(opened->choice.kind, kind);
    EXPECT_EQ(opened->choice.k, head.prefix->choice.k);
    EXPECT_EQ(opened->choice.width, head.prefix->choice.width);
    EXPECT_EQ(opened->choice.row_widths, head.prefix->choice.row_widths);
    EXPECT_EQ(opened->choice.curve.keys, head.prefix->choice.curve.keys);
    EXPECT_EQ(opened->choice.reason, head.prefix->choice.reason);
    EXPECT_NEAR(opened->choice.recall, head.prefix->choice.recall, 1e-6);
    EXPECT_NEAR(opened->choice.worst_recall, head.prefix->choice.worst_recall, 1e-6);
    EXPECT_EQ(opened->sinks, 8U);
    EXPECT_EQ(opened->indexed(), 460U);
    EXPECT_EQ(attend(opened, head), attend(head.prefix, head));
    const std::string bytes = read_file(folder / "head");
    save_head(*opened, folder / "again");
    EXPECT_EQ(read_file(folder / "again"), bytes);
  }
}

TEST(HeadFile, NamesFilesByLayerAndHead) {
  EXPECT_EQ(head_path("folder", 3, 12).string(), "folder/layer_0003_head_0012.rattan");
}

TEST(HeadFile, OtherKeysValuesOrWindowsAreRefused) {
  const TempDirectory folder;
  const SyntheticHead head(HeadKind::scan4, 500);
  save_head(*head.prefix, folder / "head");
  const auto expect_refused = [&](const char* what, const SharedMatrix& keys, const SharedMatrix& values,
                                  const ContextParams& params) {
    expect_error(ErrorCode::invalid_argument, what,
                 [&] { open_head(folder / "head", test::checked(keys), test::checked(values), params); });
  };
  const SharedMatrix& keys = head.prefix->keys;
  const SharedMatrix& values = head.prefix->values;
  expect_refused("keys: fingerprint", random_matrix(500, 16, 9), values, head.params);
  expect_refused("values: fingerprint", keys, random_matrix(500, 8, 9), head.params);
  expect_refused("keys: rows", random_matrix(499, 16, 9), values, head.params);
  expect_refused("values: cols", keys, random_matrix(500, 9, 9), head.params);
  expect_refused("keys: dtype", random_matrix(500, 16, 9, DType::f16), values, head.params);
  ContextParams other = head.params;
  other.sinks = 9;
  expect_refused("sinks", keys, values, other);
  other = head.params;
  other.recent = 31;
  expect_refused("recent", keys, values, other);
}

TEST(HeadFile, AFileThatIsNotThereOrOfAnotherKindIsRefused) {
  const TempDirectory folder;
  const SyntheticHead head(HeadKind::scan4, 500);
  expect_error(ErrorCode::not_found, "nothing", [&] { open(folder / "nothing", head); });
  build_flat(head.keys)->save(folder / "flat");
  expect_error(ErrorCode::corrupt, "kind", [&] { open(folder / "flat", head); });
}

// Checksums find rot. What they cannot find, a file that was made wrong, is each section's own test.
TEST(HeadFile, EveryByteCounts) {
  const TempDirectory folder;
  const SyntheticHead head(HeadKind::graph, 100, 200);
  save_head(*head.prefix, folder / "head");
  const std::string bytes = read_file(folder / "head");
  for (std::size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 997) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    write_file(folder / "damaged", damaged);
    try {
      open(folder / "damaged", head);
      ADD_FAILURE() << "byte " << i << " was changed and nothing was noticed";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::version) << error.what();
    }
    if (HasFailure()) break;
  }
  write_file(folder / "damaged", bytes.substr(0, bytes.size() / 2));
  expect_error(ErrorCode::corrupt, "damaged", [&] { open(folder / "damaged", head); });
}

}  // namespace
}  // namespace rattan::test
