#include "datasets/synthetic_spec.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

void expect_bad(std::string_view spec, std::string_view part) {
  test::expect_error(ErrorCode::invalid_argument, part, [&] { parse_synthetic(spec); });
}

TEST(SyntheticSpec, ReadsEveryDial) {
  const SyntheticParams p = parse_synthetic(
      "n=1000,d=64,group=8,heads=3,seed=18446744073709551615,decode=7,qstep=5,dtype=bf16,gap=1.25,"
      "sharpness=0.5");
  EXPECT_EQ(p.keys, 1000U);
  EXPECT_EQ(p.dim, 64U);
  EXPECT_EQ(p.group, 8U);
  EXPECT_EQ(p.heads, 3U);
  EXPECT_EQ(p.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(p.decode, 7U);
  EXPECT_EQ(p.query_step, 5U);
  EXPECT_EQ(p.dtype, DType::bf16);
  EXPECT_EQ(p.gap, 1.25);
  EXPECT_EQ(p.sharpness, 0.5);
}

TEST(SyntheticSpec, UnnamedDialsKeepTheirDefaults) {
  const SyntheticParams defaults;
  EXPECT_EQ(to_string(parse_synthetic("")), to_string(defaults));
  EXPECT_EQ(to_string(parse_synthetic("seed=1")), to_string(defaults));
  EXPECT_EQ(to_string(defaults),
            "n=131072,d=128,group=4,heads=2,seed=1,decode=1024,qstep=4,dtype=f16,gap=1,sharpness=1");
}

TEST(SyntheticSpec, RoundTrips) {
  SyntheticParams params;
  params.gap = 1.0 / 3;
  params.sharpness = 0.1 + 0.2;
  params.dtype = DType::f32;
  const SyntheticParams back = parse_synthetic(to_string(params));
  EXPECT_EQ(back.gap, params.gap);
  EXPECT_EQ(back.sharpness, params.sharpness);
  EXPECT_EQ(to_string(back), to_string(params));
}

TEST(SyntheticSpec, RefusesUnknownRepeatedAndMalformedDials) {
  expect_bad("keys=5", "\"keys\" is no dial");
  expect_bad("N=5", "\"N\" is no dial");
  expect_bad("=5", "\"\" is no dial");
  expect_bad("n=5,n=6", "n is given twice");
  expect_bad("n", "\"n\" is no dial=value");
  expect_bad("n=5,", "comma");
  expect_bad(",n=5", "\"\" is no dial=value");
  expect_bad("n=5 ,d=2", "n is \"5 \"");
  expect_bad("n= 5", "n is \" 5\"");
  expect_bad("n=", "n is \"\"");
  expect_bad("n=-5", "n is \"-5\"");
  expect_bad("n=+5", "n is \"+5\"");
  expect_bad("n=1e3", "n is \"1e3\"");
  expect_bad("n=0x10", "n is \"0x10\"");
  expect_bad("n=99999999999999999999", "n is \"99999999999999999999\"");
  expect_bad("seed=1.5", "seed is \"1.5\"");
  expect_bad("gap=big", "gap is \"big\"");
  expect_bad("gap=1,5", "\"5\" is no dial=value");
  expect_bad("dtype=f64", "dtype is \"f64\"");
}

TEST(SyntheticSpec, RefusesValuesOutsideTheLimits) {
  expect_bad("n=0", "n is 0");
  expect_bad("n=1073741825", "n is 1073741825");
  expect_bad("d=0", "d is 0");
  expect_bad("d=3", "d is 3, allowed is an even");
  expect_bad("d=4098", "d is 4098");
  expect_bad("group=0", "group is 0");
  expect_bad("group=1025", "group is 1025");
  expect_bad("heads=0", "heads is 0");
  expect_bad("decode=1048577", "decode is 1048577");
  expect_bad("qstep=0", "qstep is 0");
  expect_bad("gap=0", "gap is 0");
  expect_bad("gap=nan", "gap is nan");
  expect_bad("gap=inf", "gap is inf");
  expect_bad("gap=-1", "gap is -1");
  expect_bad("sharpness=10.5", "sharpness is 10.5");
  expect_bad("sharpness=-0.5", "sharpness is -0.5");
}

TEST(SyntheticSpec, ValidateChecksWhatTheParserCannotSay) {
  SyntheticParams params;
  params.dtype = static_cast<DType>(7);
  test::expect_error(ErrorCode::invalid_argument, "dtype is 7", [&] { params.validate(); });
}

}  // namespace
}  // namespace rattan::datasets
