// Systems that are not known to hand out tile registers.
#include "simd/tile_registers.h"

namespace rattan::simd {

bool request_tile_registers() noexcept { return false; }

}  // namespace rattan::simd
