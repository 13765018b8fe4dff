// A synthetic text in the pages of an engine: [page][row][KV head][element], in an order that the block table knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/context.h"
#include "rattan/matrix.h"
#include "tests/context/synthetic_text.h"

namespace rattan::test {

class PagedText {
 public:
  // Room for `capacity` tokens; pages hold NaN until they are written.
  PagedText(const SyntheticText& text, std::size_t page_rows, std::size_t capacity, std::uint64_t seed = 1);

  // What an engine does before it appends: these tokens are written into their pages.
  void write(const SyntheticText& from, std::size_t begin, std::size_t count);
  // All pages and the table elsewhere; what was there is overwritten.
  void move();

  // Arguments of build_layer and append_pages: all first `tokens` tokens.
  std::vector<PagedRows> keys(std::size_t layer, std::size_t tokens) const;
  std::vector<PagedRows> values(std::size_t layer, std::size_t tokens) const;

  // Every layer, of tokens that are written by this.
  void build(Context& context, std::size_t prefill, bool with_queries = true);
  void append(Context& context, std::size_t begin, std::size_t count) { append(context, *text_, begin, count); }
  void append(Context& context, const SyntheticText& from, std::size_t begin, std::size_t count);

 private:
  std::byte* row(std::vector<std::byte>& pool, std::size_t token, std::size_t head_bytes, std::size_t head) const;
  std::vector<PagedRows> rows(const std::vector<std::byte>& pool, std::size_t dim, std::size_t tokens) const;

  const SyntheticText* text_;
  std::size_t page_rows_;
  std::vector<std::uint32_t> table_;
  std::vector<std::vector<std::byte>> keys_;  // by layer
  std::vector<std::vector<std::byte>> values_;
};

}  // namespace rattan::test
