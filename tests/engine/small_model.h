// A model of random weights that runs in milliseconds, with a text and a tokenizer, as files of a folder.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace rattan::test {

constexpr int small_vocab = 300;

struct SmallModel {
  nlohmann::json header;  // of the safetensors file
  std::string data;       // what follows it

  std::string bytes() const;  // the whole file
};

SmallModel small_model();

// model.safetensors, text.u16 of `tokens` ids, tokenizer.model; and how they are named on the command line.
std::string write_small_model(const std::filesystem::path& folder, std::size_t tokens);

}  // namespace rattan::test
