#include "bench/report/json_text.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(JsonText, ARecordIsAnObject) {
  const Record record = {{"index", "graph"}, {"keys", 7U},    {"reached", true},
                         {"mass", Value()},  {"recall", 0.5}, {"stages", Value::NamedNumbers{{"links", 1.5}}}};
  EXPECT_EQ(to_text(to_json(record)),
            R"({"index":"graph","keys":7,"reached":true,"mass":null,"recall":0.5,"stages":{"links":1.5}})");
}

TEST(JsonText, BytesThatAreNoTextAreReplaced) {
  EXPECT_NO_THROW(to_text(to_json(Record{{"source", "dump\xff"}})));
  EXPECT_NO_THROW(to_indented_text(to_json(Record{{"source", "dump\xff"}})));
}

}  // namespace
}  // namespace rattan::bench
