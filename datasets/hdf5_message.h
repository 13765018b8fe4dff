// What the process that reads an HDF5 file sends: an error code and its text, or none, then the data sets in the order
// of Hdf5Vectors, each as rows, cols (both 0: there is none) and numbers.
#pragma once

#include <cstdint>
#include <string>

#include "datasets/hdf5_vectors.h"

namespace rattan::datasets {

// Into an open file. Nobody is told where the other side is gone.
void send_vectors(int file, const Hdf5Vectors& vectors);
void send_error(int file, ErrorCode code, const std::string& text);

// What was sent is checked as a file would be: libhdf5 may have written over anything of the sender's. Throws the error
// that was sent; Error(corrupt) naming `name` where the message breaks off or is none of send_vectors' or send_error's,
// or holds more numbers than a file of `file_bytes` can; Error(no_memory).
Hdf5Vectors receive_vectors(int file, const std::string& name, std::uint64_t file_bytes);

}  // namespace rattan::datasets
