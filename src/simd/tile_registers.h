// The operating system's leave to use AMX tile registers.
#pragma once

namespace rattan::simd {

// Asks for the tile registers for all threads of the process, now and later ones; false where the system refuses or
// knows of none. Call it only where the CPU has them. May be called again.
bool request_tile_registers() noexcept;

}  // namespace rattan::simd
