// The kind "auto": another kind, chosen by calibration, with the width that reached the wanted recall.
#pragma once

#include <memory>
#include <string>

#include "index/index_kind.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"
#include "storage/container.h"

namespace rattan {

struct AutoChoice {
  std::uint32_t k = 100;               // that the width was found for
  std::uint32_t width = 0;             // of the chosen kind's knob
  std::string explanation;             // lines for people
  std::vector<float> row_widths = {};  // FoundWidth::row_widths
};

class AutoIndex final : public Index {
 public:
  // `chosen` is over the same keys.
  AutoIndex(const CheckedMatrix& keys, Metric metric, std::shared_ptr<const Index> chosen, AutoChoice choice);

  std::string_view kind() const noexcept override { return "auto"; }
  MemoryUse memory() const override { return chosen_->memory(); }
  std::string describe() const override;
  const Index& chosen() const noexcept { return *chosen_; }
  const AutoChoice& choice() const noexcept { return choice_; }
  FoundWidth width() const noexcept { return width_; }

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override;
  void write_sections(ContainerWriter& writer) const override;

  std::shared_ptr<const Index> chosen_;
  AutoChoice choice_;
  FoundWidth width_;
};

// build_auto of keys that were checked.
std::unique_ptr<Index> build_auto(const CheckedMatrix& keys, std::span<const NeighborTable> links,
                                  MatrixView calibration, Metric metric, const AutoBuildParams& params,
                                  BuildStats* stats);

std::unique_ptr<Index> open_auto(const Container& container, const CheckedMatrix& keys, Metric metric,
                                 Executor& executor);

}  // namespace rattan
