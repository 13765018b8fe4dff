// What a fuzz target is. A program links one target and either libFuzzer (libfuzzer.cpp) or a plain main (replay.cpp).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rattan::fuzz {

using Bytes = std::vector<std::byte>;

// Of a target. Whatever the input, it ends, reads nothing outside of it and breaks no promise: else require() or a
// sanitizer ends the process.
void run(std::span<const std::byte> input);

// Of a target: good inputs, few and small, from which mutation reaches everything.
std::vector<Bytes> seeds();

// Ends the process with a message unless `holds`.
void require(bool holds, const char* what);

// Writes seeds() as files of an existing folder.
void write_seeds(const char* folder);

}  // namespace rattan::fuzz
