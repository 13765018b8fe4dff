#include <sys/syscall.h>
#include <unistd.h>

#include "simd/tile_registers.h"

namespace rattan::simd {

// Documentation/arch/x86/xstate.rst of the Linux kernel (5.16 and later; older ones answer EINVAL).
bool request_tile_registers() noexcept {
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;               // XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

}  // namespace rattan::simd
