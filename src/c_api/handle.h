// What a rattan_context is: a Context and what it works with.
#pragma once

#include <memory>
#include <utility>

#include "context/background.h"
#include "rattan/c.h"
#include "rattan/context.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"

struct rattan_context {
  std::shared_ptr<rattan::Executor> executor;      // null: the default one
  std::shared_ptr<const rattan::ExactTopK> exact;  // null: on the CPU
  rattan::Context context;                         // uses both, and goes before them
  bool copy_pages = false;                         // rattan_params.copy_pages
  // Of rattan_submit; its thread starts with the first of them. What it does is done before the context goes.
  std::shared_ptr<rattan::Background> submitted = std::make_shared<rattan::Background>();
};

namespace rattan::c_api {

// Null: the default one.
std::shared_ptr<Executor> make_executor(std::uint32_t threads);

// Throws what Context does, and Error(unsupported) for a device that is not there.
std::unique_ptr<rattan_context> make_context(const rattan_shape& shape, const rattan_params& params);

}  // namespace rattan::c_api
