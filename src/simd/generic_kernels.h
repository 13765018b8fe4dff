// The table of one instruction set, filled from the generic bodies. See generic_score.h for how ISAs are kept apart.
#pragma once

#include "simd/generic_rows.h"
#include "simd/generic_score.h"
#include "simd/generic_softmax.h"
#include "simd/generic_tile.h"
#include "simd/kernels.h"

namespace rattan::simd {

template <typename Lanes>
constexpr Kernels make_kernels(const char* name, const CodeKernels& codes) {
  return {
      .name = name,
      .inner_product = {&score_rows<InnerProduct<Lanes, F32>>, &score_rows<InnerProduct<Lanes, F16>>,
                        &score_rows<InnerProduct<Lanes, Bf16>>},
      .l2 = {&score_rows<NegatedL2<Lanes, F32>>, &score_rows<NegatedL2<Lanes, F16>>,
             &score_rows<NegatedL2<Lanes, Bf16>>},
      .add_weighted_rows = {&add_weighted_rows<Lanes, F32>, &add_weighted_rows<Lanes, F16>,
                            &add_weighted_rows<Lanes, Bf16>},
      .to_float = {&row_to_float<Lanes, F32>, &row_to_float<Lanes, F16>, &row_to_float<Lanes, Bf16>},
      .tile = make_tile<Lanes>(),
      .bf16_tile = nullptr,
      .select_above = &Lanes::select_above,
      .largest = &largest_value<Lanes>,
      .exp_weights = &exp_weights<Lanes>,
      .soft_cap = &soft_cap<Lanes>,
      .codes = &codes,
  };
}

}  // namespace rattan::simd
