// What ContextParams::memory_limit allows the KV heads of a context, decided by sizes that are known before anything is
// built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "context/head_choice.h"
#include "context/head_prefix.h"
#include "rattan/context.h"

namespace rattan {

// Of a limit, what each KV head of each layer may hold: its copies of the recent window, appended keys and values,
// index and clusters, those of the shared prefix included.
struct MemoryShare {
  std::size_t limit = 0;  // of the context; 0: there is none
  std::size_t bytes = 0;  // of a head
  std::size_t heads = 0;  // that share the limit

  bool limited() const noexcept { return limit != 0; }
  // Throws Error(no_memory): `what` a head has to hold are `needed` bytes.
  [[noreturn]] void refuse(const std::string& what, std::size_t needed) const;
};

// Throws Error(invalid_argument) for a limit that has no room for the recent window.
MemoryShare memory_share(const ContextShape& shape, const ContextParams& params);

// What a head becomes of a prefill.
struct HeadFit {
  bool index = true;            // one fits
  bool links = true;            // and one that needs links
  std::uint32_t clusters = 0;   // ContextParams::clusters, or fewer
  std::string remark;           // why one of the first is false
  std::string clusters_remark;  // why there are fewer
  std::size_t bytes = 0;        // of index and clusters at most
};

// Tokens of a head: those of `own` are its own copies, and `besides` are bytes that it goes on to hold. paged: tokens
// to come are not copied either.
struct HeldTokens {
  std::size_t rows = 0;
  std::size_t own = 0;
  std::size_t besides = 0;
  bool paged = false;
};
// As a prefill of so many rows is held.
HeldTokens held_prefill(std::size_t rows, const ContextParams& params, bool paged = false) noexcept;

// The kind gives way first, then clusters do. Throws Error(no_memory) where ContextParams::kind is scan4 or graph and
// does not fit without any clusters.
HeadFit fit_head(const HeldTokens& tokens, bool with_queries, const ContextShape& shape, const ContextParams& params,
                 const MemoryShare& share);
inline HeadFit fit_head(std::size_t rows, bool with_queries, const ContextShape& shape, const ContextParams& params,
                        const MemoryShare& share) {
  return fit_head(held_prefill(rows, params), with_queries, shape, params, share);
}

// ContextParams of a head that fits.
ContextParams fitted_params(const ContextParams& params, const HeadFit& fit);
// The plan made with them, and the choice, say why they are not what they could be.
void apply_fit(const HeadFit& fit, HeadPlan& plan);
void apply_fit(const HeadFit& fit, HeadChoice& choice);

// Of an opened file. Throws Error(no_memory).
void check_prefix_fits(const HeadPrefix& prefix, const MemoryShare& share, const std::string& name, bool paged = false);

}  // namespace rattan
