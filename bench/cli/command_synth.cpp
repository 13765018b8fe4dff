#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/text.h"
#include "datasets/qkv_dump.h"

namespace rattan::bench {
namespace {

struct SynthFlags {
  DataSelection data;
  RunFlags run;
  std::string folder;
};

void run_synth(const SynthFlags& flags) {
  const std::unique_ptr<Executor> executor = make_thread_executor(flags.run.threads);
  std::vector<datasets::KvGroup> groups;
  std::string source;
  for (const HeadSource& head : list_heads(flags.data, executor.get())) {
    groups.push_back(head.load());
    source = head.source;
  }
  const std::filesystem::path file = datasets::write_dump(flags.folder, 0, groups);
  std::cout << "wrote " << file.string() << ": " << groups.size() << " KV heads, " << groups.front().keys.view.rows
            << " keys of " << groups.front().dim() << " x " << to_string(groups.front().keys.view.dtype) << ", "
            << fixed(static_cast<double>(std::filesystem::file_size(file)) / 1e6, 1) << " MB\n"
            << source << "\nlook at it: rattan-bench info --data " << flags.folder << '\n';
}

}  // namespace

Action configure_synth(CLI::App& app) {
  const auto flags = std::make_shared<SynthFlags>();
  flags->data.synthetic = {""};
  app.add_option("--synth", flags->data.synthetic.front(),
                 "what to make, e.g. n=131072,d=128,group=4,heads=2,seed=1,gap=1.2")
      ->required()
      ->type_name("SPEC");
  app.add_option("-o,--out", flags->folder, "folder of the dump: layer_00.safetensors")->required()->type_name("DIR");
  add_threads_flag(app, flags->run);
  return [flags] { run_synth(*flags); };
}

}  // namespace rattan::bench
