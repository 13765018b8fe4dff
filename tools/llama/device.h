// What ggml sees of the library: a registry with one device of type ACCEL.
#pragma once

namespace rattan::llama {

inline constexpr const char* device_name = "RATTAN";

// A graph that writes to a cache is being computed. Attention is offered to the device no earlier: llama.cpp turns
// flash attention off where, while it is decided ("auto"), another device than the layer's has that node.
void write_was_seen();

}  // namespace rattan::llama
