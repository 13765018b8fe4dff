// What is behind Context; shared by the sources that implement it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "attention/logits.h"
#include "context/background.h"
#include "context/background_builds.h"
#include "context/decode_counters.h"
#include "context/head_attention.h"
#include "context/layer.h"
#include "context/layer_input.h"
#include "context/memory_limit.h"
#include "core/pool.h"
#include "rattan/context.h"

namespace rattan {

struct Context::State {
  static constexpr std::uint64_t most_layers = 4096;

  State(const ContextShape& shape, const ContextParams& params);
  ~State() { stop_sealing(); }

  // Layers appear once and go with invalidate(); a reader of one may run while another is built.
  Layer& built(std::uint32_t layer) const;
  void check_new(std::uint32_t layer, std::size_t rows) const;
  void publish(std::uint32_t layer, std::unique_ptr<Layer> built);
  void drop_layers() noexcept;

  void build(std::uint32_t layer, const LayerInput& input, std::span<const MatrixView> queries,
             std::span<const std::int64_t> query_positions, BuildStats* stats);
  // The same, but every head is searched by codes until its build in the background is done.
  void build_later(std::uint32_t layer, const LayerInput& input, std::span<const MatrixView> queries,
                   std::span<const std::int64_t> query_positions, const HeadFit& fit);
  void open(const std::filesystem::path& folder, std::uint32_t layer, const LayerInput& input);

  void order_seal(Layer& layer);
  // As Background::forget, and what runs ends at its next step.
  void stop_sealing();
  // What is pending never will be done.
  void drop_builds();

  // Of a layer that is decoded with so many tokens. Throws Error(invalid_argument) where another had more before.
  void check_step(std::uint32_t layer, std::size_t tokens) const;

  class Decode;  // context_decode.cpp

  ContextShape shape;
  ContextParams params;
  double scale;
  Logits logits;
  MemoryShare share;
  std::vector<std::unique_ptr<Layer>> owned;
  std::vector<std::atomic<Layer*>> layers;
  std::atomic<std::uint64_t> epoch{0};
  mutable std::atomic<std::uint64_t> longest{0};  // of the decoded layers: tokens * most_layers + layer
  mutable DecodeCounters counters;
  mutable Pool<HeadScratch> scratches;
  std::atomic<bool> stopping{false};
  Background background;  // the last ones: their threads end before what they work on
  BackgroundBuilds builds;
};

}  // namespace rattan
