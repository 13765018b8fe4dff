#include "bench/measure/cycle.h"

#include "bench/measure/scratch_folder.h"
#include "bench/measure/settings.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

bool is_better(const SettingSearch::Result& now, const SettingSearch::Result& old) {
  if (now.reached != old.reached) return now.reached;
  return now.reached ? now.evaluation.bytes_per_query < old.evaluation.bytes_per_query
                     : now.evaluation.recall > old.evaluation.recall;
}

// For each target the better of the indexes of the kind.
std::vector<Found> find_settings(const Head& head, const Variant& variant, const std::vector<double>& targets,
                                 Executor& executor) {
  std::vector<Found> best(targets.size());
  for (const BuiltIndex& built : head.built.at(variant.build)) {
    SettingSearch search(setting_range(built, variant, head.problem), [&](std::uint32_t setting) {
      const SearchSetup setup{.variant = variant, .setting = setting};
      return evaluate(search_all_steps(*built.index, head.problem, setup, executor), head.problem, setting);
    });
    for (std::size_t t = 0; t < targets.size(); ++t) {
      const SettingSearch::Result result = search.cheapest(targets[t]);
      if (best[t].built == nullptr || is_better(result, best[t].result)) best[t] = {&built, result};
    }
  }
  return best;
}

}  // namespace

std::vector<Job> find_jobs(const std::vector<std::unique_ptr<Head>>& heads, const std::vector<Variant>& variants,
                           const std::vector<double>& targets, Executor& executor, Progress& progress) {
  std::vector<Job> jobs;
  for (const Variant& variant : variants) {
    progress.show("settings of " + std::string(variant.name));
    // An exact kind has one setting whatever the target.
    const std::vector<double> wanted = variant.knob() ? targets : std::vector<double>{targets.back()};
    std::vector<std::vector<Found>> per_head;
    per_head.reserve(heads.size());
    for (const auto& head : heads) per_head.push_back(find_settings(*head, variant, wanted, executor));
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      jobs.push_back({variant, wanted[t], {}});
      for (const std::vector<Found>& found : per_head) jobs.back().found.push_back(found[t]);
    }
  }
  return jobs;
}

// Resident r is head r modulo the heads of the data.
std::vector<ResidentHead> make_residents(const std::vector<std::unique_ptr<Head>>& heads, const std::vector<Job>& jobs,
                                         std::size_t count, const std::string& scratch, Progress& progress) {
  const ScratchFolder own("rattan-latency", scratch);
  std::vector<ResidentHead> residents(count);
  for (std::size_t r = 0; r < residents.size(); ++r) {
    progress.show(message("resident head ", r + 1, "/", residents.size()));
    const std::size_t h = r % heads.size();
    residents[r].head = heads[h].get();
    residents[r].keys = r < heads.size() ? heads[h]->problem.keys : copy_matrix(heads[h]->problem.keys);
    for (const Job& job : jobs) {
      std::unique_ptr<Index>& copy = residents[r].copies[job.found[h].built];
      if (r >= heads.size() && copy == nullptr)
        copy = copy_index(*job.found[h].built->index, residents[r].keys, own.path());
    }
  }
  return residents;
}

CycleJob cycle_of(const Job& job, const std::vector<ResidentHead>& residents) {
  CycleJob cycle;
  for (std::size_t r = 0; r < residents.size(); ++r) {
    const Found& found = job.found[r % job.found.size()];
    const Index* copy = residents[r].copies.at(found.built).get();
    cycle.push_back({copy == nullptr ? found.built->index.get() : copy,
                     &residents[r].head->problem,
                     {.variant = job.variant, .setting = found.result.evaluation.setting}});
  }
  return cycle;
}

}  // namespace rattan::bench
