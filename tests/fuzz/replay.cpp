// Runs a fuzz target without a fuzzer: its seeds, the files and folders that are named, and mutants of them all, the
// same ones every time.
//   PROGRAM [--rounds N] [--seed S] [FILE or FOLDER]...
//   PROGRAM --write-seeds FOLDER
// An input that ends the process lies in ./crash-input afterwards.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> current;

// In a signal handler: system calls alone.
extern "C" void keep_input(int signal) {
  const int file = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file >= 0) {
    [[maybe_unused]] const ssize_t wrote = ::write(file, current.data(), current.size());
    ::close(file);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run_one(const Bytes& input) {
  current = input;
  run(input);
}

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(static_cast<bool>(file), "a named file can be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Bytes bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

void add_files(const fs::path& path, std::vector<Bytes>& inputs) {
  if (!fs::is_directory(path)) return inputs.push_back(read_file(path));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) inputs.push_back(read_file(file));
}

// Of one input, or of the beginning of one and the end of another.
Bytes mutant(const std::vector<Bytes>& inputs, Draw& draw) {
  constexpr std::size_t longest = 1 << 16;
  Bytes bytes = inputs[draw.below(inputs.size())];
  if (draw.below(4) == 0) {
    const Bytes& other = inputs[draw.below(inputs.size())];
    bytes.resize(draw.below(bytes.size() + 1));
    const auto from = static_cast<std::ptrdiff_t>(draw.below(other.size() + 1));
    bytes.insert(bytes.end(), other.begin() + from, other.end());
  }
  for (std::size_t edits = 1 + draw.below(4); edits > 0; --edits) mutate(bytes, draw);
  bytes.resize(std::min(bytes.size(), longest));
  return bytes;
}

int replay(std::span<char* const> words) {
  std::uint64_t rounds = 0;
  std::uint64_t seed = 1;
  std::vector<Bytes> inputs = seeds();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--rounds" && i + 1 < words.size()) {
      rounds = std::strtoull(words[++i], nullptr, 10);
    } else if (word == "--seed" && i + 1 < words.size()) {
      seed = std::strtoull(words[++i], nullptr, 10);
    } else if (word == "--write-seeds" && i + 1 < words.size()) {
      write_seeds(words[i + 1]);
      return 0;
    } else {
      add_files(word, inputs);
    }
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(signal, keep_input);
  run_one({});
  for (const Bytes& input : inputs) run_one(input);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Draw draw(seed, round);
    run_one(mutant(inputs, draw));
  }
  std::printf("%zu inputs, %llu mutants\n", inputs.size(), static_cast<unsigned long long>(rounds));
  return 0;
}

}  // namespace
}  // namespace rattan::fuzz

int main(int count, char** words) {
  return rattan::fuzz::replay({words + 1, static_cast<std::size_t>(std::max(count, 1) - 1)});
}
