#include "context/memory_limit.h"

#include <algorithm>
#include <optional>

#include "context/head_kind.h"
#include "core/check.h"

namespace rattan {
namespace {

std::size_t token_bytes(const ContextShape& shape) {
  return (std::size_t{shape.key_dim} + shape.value_dim) * dtype_size(shape.dtype);
}

// Bytes of a head that is built over `rows` tokens.
class BuiltSizes {
 public:
  BuiltSizes(const HeldTokens& tokens, const ContextShape& shape, const ContextParams& params)
      : shape_(shape), params_(params), copied_(tokens.own), besides_(tokens.besides) {
    const IdRange indexed = indexed_rows(tokens.rows, params);
    searched_ = indexed.end - indexed.begin;
    if (!tokens.paged) growing_ = std::min<std::size_t>(params.seal_after, params.capacity - tokens.rows);
  }

  std::size_t searched() const { return searched_; }
  std::size_t held(bool links, std::uint32_t clusters) const {
    return besides_ + (copied_ + growing_) * token_bytes(shape_) + built(links, clusters);
  }
  std::size_t built(bool links, std::uint32_t clusters) const {
    return index_bytes(largest(links)) +
           KeyClusters::most_bytes(searched_, clusters, shape_.key_dim, shape_.value_dim, shape_.dtype);
  }
  // Half as many clusters, and half of those, until it fits; nothing: not even without any.
  std::optional<std::uint32_t> clusters_that_fit(bool links, std::size_t room) const {
    for (std::uint32_t clusters = params_.clusters;; clusters /= 2) {
      if (held(links, clusters) <= room) return clusters;
      if (clusters == 0) return std::nullopt;
    }
  }
  std::string words(bool links) const {
    return message(largest(links).name, " of ", searched_, " keys, with copies of ", copied_,
                   " recent tokens and room for ", growing_, " more");
  }

 private:
  std::size_t index_bytes(const IndexKind& kind) const {
    return kind.bytes(searched_, shape_.key_dim, Metric::inner_product, {.graph = params_.graph});
  }
  // Any of the allowed ones may be the fastest.
  const IndexKind& largest(bool links) const {
    const auto kinds = allowed_kinds(params_.kind, links);
    return *std::ranges::max(kinds, {}, [&](const IndexKind* kind) { return index_bytes(*kind); });
  }

  const ContextShape& shape_;
  const ContextParams& params_;
  std::size_t searched_ = 0;
  std::size_t copied_;
  std::size_t besides_;
  std::size_t growing_ = 0;
};

}  // namespace

void MemoryShare::refuse(const std::string& what, std::size_t needed) const {
  fail(ErrorCode::no_memory, "ContextParams::memory_limit is ", limit, ", ", bytes, " for each of ", heads,
       " KV heads; needed are ", needed, " for ", what);
}

MemoryShare memory_share(const ContextShape& shape, const ContextParams& params) {
  if (params.memory_limit == 0) return {};
  const std::size_t heads = std::size_t{shape.layers} * shape.kv_heads;
  const std::size_t window = std::min<std::size_t>(params.recent, params.capacity);
  const std::size_t least = heads * window * token_bytes(shape);
  if (params.memory_limit < least) {
    fail(ErrorCode::invalid_argument, "ContextParams::memory_limit is ", params.memory_limit,
         ", allowed is 0 (no limit) or at least ", least, " (copies of the ", window, " recent tokens in ", heads,
         " KV heads)");
  }
  return {params.memory_limit, params.memory_limit / heads, heads};
}

HeldTokens held_prefill(std::size_t rows, const ContextParams& params, bool paged) noexcept {
  return {rows, paged ? 0 : rows - indexed_rows(rows, params).end, 0, paged};
}

HeadFit fit_head(const HeldTokens& tokens, bool with_queries, const ContextShape& shape, const ContextParams& params,
                 const MemoryShare& share) {
  HeadFit fit;
  fit.clusters = params.clusters;
  const BuiltSizes sizes(tokens, shape, params);
  if (!share.limited() || params.kind == HeadKind::flat || sizes.searched() == 0) return fit;
  bool links = with_queries;
  const auto lack = [&](bool with_links, std::uint32_t clusters) {
    return message(sizes.words(with_links), " takes ", sizes.held(with_links, clusters), " bytes, memory_limit leaves ",
                   share.bytes);
  };
  const bool automatic = params.kind == HeadKind::automatic;
  if (automatic && links && sizes.held(true, params.clusters) > share.bytes) {
    links = fit.links = false;
    fit.remark = message("no ", names_of_linked(params.kind), ", a ", lack(true, params.clusters));
  }
  const std::optional<std::uint32_t> clusters = sizes.clusters_that_fit(links, share.bytes);
  if (!clusters) {
    if (!automatic) share.refuse(sizes.words(links), sizes.held(links, 0));
    fit.index = fit.links = false;
    fit.remark = "attends to all keys: " + lack(false, 0);
  } else if (*clusters < params.clusters) {
    fit.clusters = *clusters;
    fit.clusters_remark =
        message(*clusters, " clusters instead of ", params.clusters, ", memory_limit leaves ", share.bytes, " bytes");
  }
  if (clusters) fit.bytes = sizes.built(links, *clusters);
  return fit;
}

ContextParams fitted_params(const ContextParams& params, const HeadFit& fit) {
  ContextParams fitted = params;
  if (!fit.index) fitted.kind = HeadKind::flat;
  fitted.clusters = fit.clusters;
  return fitted;
}

void apply_fit(const HeadFit& fit, HeadPlan& plan) {
  if (!fit.index) {
    plan.remark = fit.remark;
  } else if (!fit.links && plan.wants_links) {
    plan.wants_links = false;
    plan.remark = fit.remark;
  }
}

void apply_fit(const HeadFit& fit, HeadChoice& choice) {
  if (choice.kind != HeadKind::flat && !fit.clusters_remark.empty()) choice.reason += "; " + fit.clusters_remark;
}

void check_prefix_fits(const HeadPrefix& prefix, const MemoryShare& share, const std::string& name, bool paged) {
  if (!share.limited()) return;
  const std::size_t copied = paged ? 0 : prefix.rows() - prefix.sinks - prefix.indexed();
  const std::size_t held = prefix.index->memory().total() + prefix.clusters.bytes() + copied * prefix.token_bytes();
  if (held > share.bytes) share.refuse(message(name, " with copies of ", copied, " recent tokens"), held);
}

}  // namespace rattan
