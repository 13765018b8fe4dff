#include "bench/cli/commands.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/inputs/kinds.h"
#include "bench/inputs/text.h"
#include "bench/report/sweep_records.h"
#include "tests/bench/program.h"
#include "tests/datasets/vector_files.h"
#include "tests/support/files.h"

namespace rattan::bench {
namespace {

using test::ProgramResult;
using test::run_bench;
using test::TempDirectory;
using Json = nlohmann::json;

const std::string tiny = "--synth n=2048,d=32,group=2,heads=2,seed=3,decode=64 ";
const std::string one = tiny + "--kv-heads 0 ";
const std::string quick = "--k 10 --queries 16 --quality-steps 2 --latency-steps 2 --threads 1 ";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void expect_refused(const std::string& arguments, int code, const std::string& part) {
  const ProgramResult result = run_bench(arguments);
  EXPECT_EQ(result.exit_code, code) << arguments << "\n" << result.err;
  EXPECT_TRUE(contains(result.err, part)) << arguments << "\n" << result.err;
  EXPECT_EQ(result.out, "") << arguments;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(CommandLine, HelpOfEveryCommandHasAnExample) {
  const ProgramResult all = run_bench("--help");
  EXPECT_EQ(all.exit_code, 0);
  for (const Command& command : commands()) {
    EXPECT_TRUE(contains(all.out, command.name)) << command.name;
    const ProgramResult help = run_bench(std::string(command.name) + " --help");
    EXPECT_EQ(help.exit_code, 0) << command.name;
    EXPECT_TRUE(contains(help.out, std::string("Example:\n  ") + command.example)) << help.out;
    EXPECT_EQ(help.err, "");
  }
  EXPECT_TRUE(contains(run_bench("--version").out, "rattan-bench "));
}

TEST(CommandLine, WrongWordsExitWithTwo) {
  expect_refused("", 2, "subcommand");
  expect_refused("swep", 2, "did you mean sweep");
  expect_refused("sweep --recal 0.9", 2, "did you mean --recall");
  expect_refused("sweep --embedded extra", 2, "extra");
  // One thing has one name in all commands.
  expect_refused("attend " + one + "--kind graph", 2, "did you mean --context-index instead of --kind?");
  expect_refused("batch " + one + "--kind graph", 2, "did you mean --index instead of --kind?");
  expect_refused("decode " + one + "--way full", 2, "did you mean --index instead of --way?");
  expect_refused("grow " + one + "--beam=100", 2, "did you mean --width instead of --beam?");
}

TEST(CommandLine, BadValuesAreNamedAndExitWithTwo) {
  expect_refused("sweep", 2, "--data PATH, --synth SPEC or --embedded");
  expect_refused("sweep " + tiny + "--k 0", 2, "--k");
  expect_refused("sweep " + tiny + "--k -3", 2, "--k");
  expect_refused("sweep " + tiny + "--k ten", 2, "--k");
  // Defects: -1 wrapped around, and NaN passed every range.
  expect_refused("sweep " + tiny + "--seed -1", 2, "--seed");
  expect_refused("sweep " + tiny + "--recall nan", 2, "--recall is \"nan\", allowed are numbers");
  expect_refused("sweep " + tiny + "--recall 0.9,NaN", 2, "--recall");
  expect_refused("sweep " + tiny + "--recall inf", 2, "--recall");
  expect_refused("sweep " + tiny + "--expansions nan", 2, "--expansions");
  expect_refused("info " + tiny + "--rope-base nan", 2, "--rope-base");
  expect_refused("decode " + tiny + "--recall nan", 2, "--recall");
  expect_refused("sweep " + tiny + "--index graph --links-k 2048", 2, "--links-k is 2048, allowed is below the ");
  expect_refused("sweep " + tiny + "--recall 0.9,1.5", 2, "--recall");
  expect_refused("sweep " + tiny + "--index flat,annoy", 2, "\"annoy\", allowed are flat, scan4, ivf");
  expect_refused("sweep " + tiny + "--layers 4", 2, "--layers asks for 4");
  expect_refused("sweep " + tiny + "--kv-heads x", 2, "--kv-heads is \"x\"");
  expect_refused("sweep " + tiny + "--latency maybe", 2, "--latency");
  expect_refused("sweep " + tiny + "--format xml", 2, "--format");
  expect_refused("sweep " + tiny + "--keys-as f8", 2, "--keys-as");
  expect_refused("sweep " + tiny + "--queries 0", 2, "--queries");
  expect_refused("sweep " + tiny + "--degree 0", 2, "--degree");
  expect_refused("sweep --synth n=2048,size=3", 2, "size");
  expect_refused("search " + tiny + "--index-file /tmp/never.rattan", 2, "selects 2 KV heads");
  expect_refused("build " + one, 2, "--out");
  expect_refused("build " + one + "--exact cuda --keys-as bf16 -o /tmp/never.rattan", 2, "the same for both");
  expect_refused("latency " + one + "--exact cuda --keys-as bf16", 2, "the same for both");
}

// FAULTS A19: missing files, folders and foreign content.
TEST(CommandLine, FailuresWhileRunningExitWithOneAndNameTheFile) {
  const TempDirectory folder;
  const std::string garbage = (folder / "garbage.rattan").string();
  test::write_file(garbage, "not an index");
  expect_refused("sweep --data /nowhere/dump", 1, "/nowhere/dump");
  expect_refused("info --data " + garbage, 1, "garbage.rattan");
  expect_refused("search " + one + "--index-file " + garbage, 1, "garbage.rattan");
  expect_refused("report " + garbage + " -o " + (folder / "page.html").string(), 1, "garbage.rattan line 1");
  expect_refused("sweep " + one + quick + "--index flat --report /nowhere/page.html", 1, "/nowhere/page.html");
  EXPECT_EQ(run_bench("info " + one + "--format csv", "/dev/full").exit_code, 1) << "a full disk is an error";
}

TEST(SweepCommand, CsvHasTheSchemaAndAMeanRow) {
  const ProgramResult result = run_bench("sweep " + one + quick + "--index flat,graph --recall 0.9 --format csv");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "") << "progress is for terminals";
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 1 + 2 + 2U) << result.out;
  std::vector<std::string> names;
  for (const Field& field : to_record(SweepRow())) names.emplace_back(field.name);
  EXPECT_EQ(lines.front(), join(names, ","));
}

TEST(SweepCommand, JsonHoldsRowsPointsAndStatistics) {
  const ProgramResult result =
      run_bench("sweep " + tiny + quick + "--index flat,graph:single --recall 0.8,0.9 --latency off --format json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("rows").size(), 2 * 2 * 2 + 2 * 2U);
  EXPECT_FALSE(json.at("points").empty());
  EXPECT_EQ(json.at("ood").size(), 2U);
  for (const Json& row : json.at("rows")) {
    EXPECT_TRUE(row.at("us_p50").is_null());
    EXPECT_EQ(row.at("k"), 10);
    EXPECT_EQ(row.at("dim"), 32);
    EXPECT_GE(row.at("recall").get<double>(), 0);
    EXPECT_TRUE(contains(row.at("window").get<std::string>(), "shrunk"));
  }
}

TEST(SweepCommand, MarkdownIsAlignedAndExplained) {
  const ProgramResult result = run_bench("sweep " + tiny + quick + "--recall 0.9");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::size_t table_lines = 0;
  std::size_t width = 0;
  for (const std::string& line : lines_of(result.out)) {
    if (!line.starts_with('|')) {
      if (table_lines > 0) break;
      continue;
    }
    ++table_lines;
    if (width == 0) width = line.size();
    EXPECT_EQ(line.size(), width) << line;
  }
  EXPECT_GE(table_lines, 2 + 3 * 2U);
  EXPECT_TRUE(contains(result.out, "| index"));
  EXPECT_TRUE(contains(result.out, "caches are cold"));
  EXPECT_TRUE(contains(result.out, "times as fast as flat"));
  EXPECT_TRUE(contains(result.out, "graph"));
}

TEST(SweepCommand, KeysCanBeReencoded) {
  const ProgramResult result =
      run_bench("sweep " + one + quick + "--index flat --keys-as bf16 --format jsonl --latency off");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "\"dtype\":\"bf16\""));
}

TEST(SweepCommand, MoreNeighboursThanKeysIsARightAnswer) {
  const ProgramResult result = run_bench(
      "sweep --synth n=256,d=16,group=1,heads=1,decode=16 --k 1000 --queries 4 --index flat,graph "
      "--recall 0.9 --latency off --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(lines_of(result.out).at(1));
  EXPECT_EQ(row.at("recall"), 1.0);
}

TEST(SweepCommand, OutIsTheFileAndFormatTheFormat) {
  const TempDirectory folder;
  const std::string file = (folder / "rows").string();
  for (const char* format : {"md", "csv", "json", "jsonl"}) {
    const std::string command = "sweep " + one + quick + "--index flat --recall 0.9 --latency off --format " + format;
    const ProgramResult printed = run_bench(command);
    const ProgramResult written = run_bench(command + " -o " + file);
    ASSERT_EQ(written.exit_code, 0) << written.err;
    EXPECT_EQ(written.out, "");
    EXPECT_EQ(lines_of(test::read_file(file)).size(), lines_of(printed.out).size()) << format;
  }
  expect_refused("sweep " + one + "-o csv", 2, "the format is --format csv");
}

TEST(SweepCommand, ResumedItMeasuresWhatIsMissing) {
  const TempDirectory folder;
  const std::string first = (folder / "first.jsonl").string();
  const std::string sweep = "sweep " + tiny + quick + "--recall 0.9 --latency off --format jsonl ";
  ASSERT_EQ(run_bench(sweep + "--index flat -o " + first).exit_code, 0);
  const ProgramResult second = run_bench(sweep + "--index flat,graph --resume " + first);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  std::istringstream in(second.out);
  const ReportData data = read_jsonl(in, "second");
  EXPECT_EQ(data.rows.size(), 2 * 2 + 2U);
  EXPECT_TRUE(contains(second.out, lines_of(test::read_file(first)).at(1))) << "the row as it was, seconds and all";

  // A line that a kill cut short is measured again.
  std::string cut = test::read_file(first);
  cut.resize(cut.find("\"record\":\"row\"", 300) + 40);
  test::write_file(first, cut);
  ASSERT_EQ(run_bench(sweep + "--index flat,graph --resume " + first + " -o " + first).exit_code, 0);
  std::istringstream again(test::read_file(first));
  EXPECT_EQ(read_jsonl(again, "again").rows.size(), 2 * 2 + 2U);
  expect_refused(sweep + "--resume /nowhere/rows.jsonl", 2, "/nowhere/rows.jsonl");
}

TEST(SweepCommand, RepeatsGiveAMeanAndADeviation) {
  const ProgramResult result = run_bench("sweep " + one + quick + "--index flat --recall 0.9 -r 3 --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json row = Json::parse(lines_of(result.out).at(1));
  EXPECT_EQ(row.at("repeats"), 3);
  EXPECT_GE(row.at("us_p50_deviation").get<double>(), 0);
}

TEST(ReportCommand, SavedRowsGiveTheSamePage) {
  const TempDirectory folder;
  const std::string page = (folder / "direct.html").string();
  const ProgramResult sweep =
      run_bench("sweep " + one + quick + "--index flat,graph --recall 0.9 --format jsonl --report " + page);
  ASSERT_EQ(sweep.exit_code, 0) << sweep.err;
  test::write_file(folder / "rows.jsonl", sweep.out);
  const std::string again = (folder / "again.html").string();
  const ProgramResult report = run_bench("report " + (folder / "rows.jsonl").string() + " -o " + again);
  ASSERT_EQ(report.exit_code, 0) << report.err;
  EXPECT_TRUE(contains(test::read_file(page), "<svg"));
  EXPECT_EQ(test::read_file(page), test::read_file(again));
}

TEST(InfoCommand, OneLinePerKvHeadAndOneRecordPerQueryHead) {
  const ProgramResult table = run_bench("info " + tiny);
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_TRUE(contains(table.out, "| layer | kv"));
  EXPECT_TRUE(contains(table.out, "top100"));
  const ProgramResult lines = run_bench("info " + tiny + "--format jsonl");
  ASSERT_EQ(lines_of(lines.out).size(), 4U);
  const Json record = Json::parse(lines_of(lines.out).front());
  EXPECT_GT(record.at("mahalanobis_queries").get<double>(), 0);
  EXPECT_GT(record.at("concentration_before_rope").get<double>(), 0);
}

TEST(SynthCommand, WritesADumpThatIsRead) {
  const TempDirectory folder;
  const ProgramResult synth = run_bench("synth " + tiny + "-o " + folder.path().string());
  ASSERT_EQ(synth.exit_code, 0) << synth.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "layer_00.safetensors"));
  const ProgramResult made = run_bench("info " + tiny + "--format csv");
  const ProgramResult read = run_bench("info --data " + folder.path().string() + " --format csv");
  ASSERT_EQ(read.exit_code, 0) << read.err;
  const auto figures = [](const std::string& csv) {
    const std::string line = lines_of(csv).at(1);
    return line.substr(line.find(",0,0,0,"));
  };
  EXPECT_EQ(figures(made.out), figures(read.out)) << "the dump holds the same numbers";
}

TEST(TruthCommand, WritesIdsAndScores) {
  const TempDirectory folder;
  const ProgramResult result =
      run_bench("truth " + one + "--k 10 --queries 8 -o " + folder.path().string() + " --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json record = Json::parse(result.out);
  EXPECT_EQ(record.at("rows"), 16);
  EXPECT_EQ(test::read_file(record.at("ids").get<std::string>()).size(), 8 + 16 * 10 * 4U);
  EXPECT_EQ(test::read_file(record.at("scores").get<std::string>()).size(), 8 + 16 * 10 * 4U);
}

TEST(BuildCommand, WhatItSavesCanBeDescribedAndSearched) {
  const TempDirectory folder;
  const std::string file = (folder / "graph.rattan").string();
  const ProgramResult build = run_bench("build " + one + "--index graph --threads 1 -o " + file);
  ASSERT_EQ(build.exit_code, 0) << build.err;
  EXPECT_TRUE(contains(build.out, "| links"));
  EXPECT_TRUE(contains(build.out, "keys are borrowed"));
  const ProgramResult info = run_bench("info " + one + "--index-file " + file);
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_TRUE(contains(info.out, "graph over"));
  const ProgramResult search =
      run_bench("search " + one + "--k 10 --queries 16 --index-file " + file + " --width 20,400 --format jsonl");
  ASSERT_EQ(search.exit_code, 0) << search.err;
  const std::vector<std::string> lines = lines_of(search.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_LE(Json::parse(lines[0]).at("recall"), Json::parse(lines[1]).at("recall"));
  EXPECT_LT(Json::parse(lines[0]).at("keys_per_query"), Json::parse(lines[1]).at("keys_per_query"));
  expect_refused("search " + tiny + "--kv-heads 1 --index-file " + file, 1, "graph.rattan");
}

TEST(BuildCommand, SeveralHeadsGiveTheFilesOfEachAlone) {
  const TempDirectory folder;
  const std::string options = "--threads 1 --exact cpu ";
  const ProgramResult layer = run_bench("build " + tiny + options + "-o " + (folder / "layer").string());
  ASSERT_EQ(layer.exit_code, 0) << layer.err;
  EXPECT_TRUE(contains(layer.out, "wait s")) << layer.out;
  EXPECT_TRUE(contains(layer.out, "wrote 2 graphs"));
  const auto expect_same_alone = [&](const std::string& head) {
    const std::string file = (folder / ("alone_" + head)).string();
    const ProgramResult alone = run_bench("build " + tiny + options + "--kv-heads " + head + " -o " + file);
    ASSERT_EQ(alone.exit_code, 0) << alone.err;
    EXPECT_EQ(test::read_file((folder / "layer") / ("layer_00_head_0" + head + ".rattan")), test::read_file(file));
  };
  expect_same_alone("0");
  expect_same_alone("1");
  expect_refused("build " + tiny + options + "-o " + (folder / "alone_0").string(), 2, "is a file");
}

TEST(BuildCommand, EveryKindIsSavedAndSearched) {
  const TempDirectory folder;
  for (const char* kind : {"flat", "scan4", "ivf", "hnsw", "graph", "auto"}) {
    const Variant variant = parse_variants(kind).front();
    if (!is_available(variant)) continue;
    const std::string file = (folder / kind).string();
    const ProgramResult build = run_bench("build " + one + "--index " + kind + " -r 2 -o " + file);
    ASSERT_EQ(build.exit_code, 0) << kind << build.err;
    EXPECT_TRUE(contains(build.out, "built 2 times in ")) << build.out;
    const ProgramResult search =
        run_bench("search " + one + "--k 10 --queries 16 --index-file " + file + " --width 400 --format jsonl");
    ASSERT_EQ(search.exit_code, 0) << kind << search.err;
    EXPECT_GT(Json::parse(search.out).at("recall").get<double>(), 0.8) << kind;
    const ProgramResult both = run_bench("build " + tiny + "--index " + kind + " -o " + file + "_heads");
    ASSERT_EQ(both.exit_code, 0) << kind << both.err;
    EXPECT_TRUE(std::filesystem::exists(folder / (std::string(kind) + "_heads") / "layer_00_head_01.rattan")) << kind;
  }
  expect_refused("build " + tiny + "-r 2 -o /tmp/never.rattan", 2, "--repeats is for one KV head at a time");
  expect_refused("build " + one + "--index flat --recall 0.9 -o /tmp/never.rattan", 2, "--recall is for --index auto");
  expect_refused("build " + one + "--ivf-spherical -o /tmp/never.rattan", 2, "--ivf-spherical is for --index ivf");
}

TEST(SearchCommand, PrintsIdsAndScoresOfOwnQueries) {
  const TempDirectory folder;
  const std::string file = (folder / "flat").string();
  ASSERT_EQ(run_bench("build " + one + "--index flat -o " + file).exit_code, 0);
  const std::string queries = (folder / "own.npy").string();
  test::write_npy(queries, test::random_matrix(6, 32, 9).view);
  const std::string search = "search " + one + "--k 10 --index-file " + file + " --format jsonl ";
  const ProgramResult result = run_bench(search + "--best 3 --own-queries " + queries);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 6 * 3U) << "three steps of two heads";
  const Json first = Json::parse(lines.at(0));
  EXPECT_EQ(first.at("rank"), 0);
  EXPECT_GE(first.at("score"), Json::parse(lines.at(1)).at("score"));
  EXPECT_GE(first.at("id"), 32) << "the sinks are not in the index";
  test::write_npy(queries, test::random_matrix(6, 31, 9).view);
  expect_refused(search + "--own-queries " + queries, 2, "has 31 columns, the keys have 32");
  test::write_npy(queries, test::random_matrix(5, 32, 9).view);
  expect_refused(search + "--own-queries " + queries, 1, "no multiple of the 2 query heads");
}

TEST(CommandLine, FlagsComeFromAConfigFileToo) {
  const TempDirectory folder;
  const std::string config = (folder / "sweep.ini").string();
  test::write_file(config, "[sweep]\nk=7\nindex=\"flat\"\nformat=jsonl\nlatency=off\nrecall=0.9\n");
  const ProgramResult result = run_bench("sweep " + one + "--queries 4 --config " + config);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(lines_of(result.out).at(1)).at("k"), 7);
  test::write_file(config, "[sweep]\nkk=7\n");
  expect_refused("sweep " + one + "--config " + config, 2, "kk");
  expect_refused("sweep " + one + "--config /nowhere/sweep.ini", 2, "/nowhere/sweep.ini");
}

TEST(CommandLine, WhatWouldBeIgnoredIsRefused) {
  expect_refused("sweep --embedded " + one, 2, "--synth and --embedded are given together");
  expect_refused("info --embedded --prefill 7", 2, "--prefill is for --data");
  expect_refused("sweep " + one + "--latency off -r 3", 2, "--repeats is for --latency on");
  expect_refused("attend " + one + "-r 3", 2, "--repeats is for --latency on");
  expect_refused("attend " + one + "--context-index graph", 2, "--context-index is for --latency on");
  expect_refused("latency " + one + "--paced -r 3", 2, "--repeats is not for --paced");
  expect_refused("sweep " + one + "--index flat,ivf --hnsw-m 8", 2, "--hnsw-m is for --index hnsw");
  expect_refused("latency " + one + "--index flat,scan4 --no-fill", 2, "--fill is for an --index with a graph");
  expect_refused("build " + one + "--index graph --ivf-lists 8 -o /tmp/never", 2, "--ivf-lists is for --index ivf");
  expect_refused("attend " + one + "--rounds 3", 2, "--rounds is for --latency on");
  expect_refused("attend " + one + "--width 30", 2, "--width is for an --index that is searched");
  expect_refused("attend " + one + "--most-k 30", 2, "--most-k is for --epsilon");
  expect_refused("attend " + one + "--clusters 30", 2, "--clusters is for --epsilon, --estimate on or --latency on");
  expect_refused("attend " + one + "--degree 30", 2, "--degree is for an --index with a graph");
  expect_refused("grow " + one + "--index scan4", 2, "--index is for --chunks");
  expect_refused("grow " + one + "--chunks 4 --segment 99", 2, "--segment is for growth without --chunks");
  EXPECT_EQ(run_bench("-V").out, run_bench("--version").out);
}

TEST(AttendCommand, MoreKeysHoldMoreMass) {
  const ProgramResult result = run_bench("attend " + one + "--k 10,100,1000 --queries 4 --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  double mass = 0;
  for (const std::string& line : lines_of(result.out)) {
    const Json record = Json::parse(line);
    if (record.at("layer") == "all") break;
    EXPECT_GE(record.at("mass").get<double>(), mass);
    mass = record.at("mass").get<double>();
    EXPECT_EQ(record.at("recall"), 1.0);
  }
  EXPECT_GT(mass, 0.5);
  const ProgramResult graph = run_bench("attend " + one + "--k 10 --queries 4 --index graph --threads 1");
  EXPECT_EQ(graph.exit_code, 0) << graph.err;
  const ProgramResult record = run_bench("attend " + one + "--k 10 --queries 4 --index graph --format jsonl");
  ASSERT_EQ(record.exit_code, 0) << record.err;
  EXPECT_GT(Json::parse(lines_of(record.out).at(0)).at("bytes_per_query").get<double>(), 0) << "beside scan_fraction";
}

TEST(AttendCommand, BudgetsAndEstimates) {
  const ProgramResult result = run_bench(
      "attend " + one + "--k 10,1000 --epsilon 0.2 --estimate off,on --most-k 2000 --queries 4 --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 12U);
  const auto error = [&](std::size_t line) { return Json::parse(lines[line]).at("output_error").get<double>(); };
  EXPECT_LT(error(3), error(0));  // the same k with the estimate
  EXPECT_EQ(Json::parse(lines[5]).at("epsilon"), 0.2);
  EXPECT_EQ(Json::parse(lines[11]).at("layer"), "all");
  EXPECT_NE(run_bench("attend " + one + "--epsilon 1").exit_code, 0);
  EXPECT_NE(run_bench("attend " + one + "--estimate maybe").exit_code, 0);
}

TEST(AttendCommand, TimesItsBudgetsWhereAsked) {
  const std::string command = "attend " + one + "--queries 4 --k 10 --epsilon 0.1 --estimate on --format jsonl ";
  const ProgramResult timed = run_bench(command + "--latency on --context-index scan4 --rounds 1 -r 2");
  ASSERT_EQ(timed.exit_code, 0) << timed.err;
  const Json record = Json::parse(lines_of(timed.out).at(0));
  EXPECT_EQ(record.at("kind"), "scan4");
  EXPECT_GE(record.at("us_p50_deviation").get<double>(), 0);
  EXPECT_EQ(record.at("repeats"), 2);
  EXPECT_GT(record.at("times_faster_than_full").get<double>(), 0);
  EXPECT_GT(record.at("times_faster_than_flat").get<double>(), 0);
  const ProgramResult untimed = run_bench(command);
  ASSERT_EQ(untimed.exit_code, 0) << untimed.err;
  EXPECT_TRUE(Json::parse(lines_of(untimed.out).at(0)).at("us_p50").is_null());
}

TEST(LatencyCommand, EveryVariantIsBesideFlatAndSaysWhereItRan) {
  const ProgramResult result = run_bench("latency " + tiny + "--k 10 --queries 8 --index flat,graph --recall 0.8 " +
                                         "--resident 3 --rounds 1 -r 2 --threads 1 --seed 5 --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U) << result.out;
  const Json flat = Json::parse(lines[0]);
  EXPECT_EQ(flat.at("times_faster_than_flat"), 1.0);
  EXPECT_TRUE(flat.at("target").is_null()) << "an exact index has no target";
  const Json graph = Json::parse(lines[1]);
  EXPECT_EQ(graph.at("resident_distinct"), 2);
  EXPECT_EQ(graph.at("timed"), 3);
  EXPECT_EQ(graph.at("repeats"), 2);
  EXPECT_GE(graph.at("us_p50_deviation").get<double>(), 0);
  EXPECT_GT(graph.at("times_faster_than_flat").get<double>(), 0);
  for (const char* name : {"isa", "blas", "cpu", "commit", "version"}) {
    EXPECT_FALSE(graph.at(name).get<std::string>().empty()) << name;
  }
  EXPECT_EQ(graph.at("seed"), 5);
}

TEST(GrowCommand, EveryWayToGrowIsARecordBesideAFreshBuild) {
  const ProgramResult result =
      run_bench("grow --synth n=1024,d=32,group=2,heads=2,decode=300 --append 256 --segment " +
                std::string("32,64 --recent 32 --k 10 --queries 8 --threads 1 -r 2 --format jsonl"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2 * 2U) << result.out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json record = Json::parse(lines[i]);
    EXPECT_EQ(record.at("kv_head"), i / 2);
    EXPECT_EQ(record.at("segment"), i % 2 == 0 ? 32 : 64);
    EXPECT_EQ(record.at("sealed"), record.at("segments").get<int>() * record.at("segment").get<int>());
    EXPECT_GT(record.at("recall_grown").get<double>(), 0.8);
    EXPECT_GT(record.at("context_us").get<double>(), 0);
    EXPECT_EQ(record.at("repeats"), 2);
    for (const char* name : {"append_us_deviation", "seal_us_deviation", "context_us_deviation"}) {
      EXPECT_GE(record.at(name).get<double>(), 0) << name;
    }
    EXPECT_FALSE(record.at("commit").get<std::string>().empty());
  }
}

TEST(BatchCommand, EveryWayIsBesideTheLoopOfFullAttention) {
  const ProgramResult result = run_bench(
      "batch --synth n=1024,d=32,group=2,heads=2,decode=16 --index scan4 --sequences 3 --rounds 1 -r 2 --k 20 "
      "--threads 2 --format jsonl");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 5U) << result.out;
  EXPECT_EQ(Json::parse(lines[0]).at("times_faster_than_full"), 1.0);
  for (const std::string& line : lines) {
    const Json record = Json::parse(line);
    EXPECT_EQ(record.at("sequences"), 3);
    EXPECT_EQ(record.at("timed"), 1);
    EXPECT_EQ(record.at("repeats"), 2);
    EXPECT_GE(record.at("ms_p50_deviation").get<double>(), 0);
  }
}

TEST(DecodeCommand, TwoLengthsGiveRatiosAnExponentAndAPlot) {
  const TempDirectory folder;
  const std::string plot = (folder / "growth.svg").string();
  const ProgramResult result = run_bench(
      "decode --synth n=1024,d=32,group=2,heads=2,decode=16 --synth n=4096,d=32,group=2,heads=2,decode=16 --depth 3 "
      "--rounds 1 -r 2 --k 20 --format jsonl --plot " +
      plot);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2 * 6U) << result.out;
  for (const std::string& line : lines) {
    const Json record = Json::parse(line);
    EXPECT_EQ(record.at("layers"), 3);
    EXPECT_EQ(record.at("query_heads"), 4);
    EXPECT_EQ(record.at("timed"), 3);
    EXPECT_GE(record.at("us_p50_deviation").get<double>(), 0);
    EXPECT_FALSE(record.at("growth_exponent").is_null());
    EXPECT_GT(record.at("times_faster_than_flat").get<double>(), 0);
    const bool full = record.at("way") == "full";
    EXPECT_EQ(record.at("output_error").get<double>() == 0, full);
    EXPECT_TRUE(!full || record.at("times_faster_than_full") == 1.0);
  }
  EXPECT_TRUE(contains(test::read_file(plot), "graph + estimate"));
  expect_refused("decode " + tiny + "--index annoy", 2, "--index");
  expect_refused("decode " + tiny + "--layer-kv-heads 4 --rounds 1", 2, "a layer takes 4");
}

}  // namespace
}  // namespace rattan::bench
