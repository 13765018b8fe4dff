#include "storage/byte_writer.h"

#include "core/check.h"

namespace rattan {

void ByteWriter::padded_text(std::string_view text_, std::size_t width) {
  if (text_.size() > width || text_.find('\0') != std::string_view::npos) {
    fail(ErrorCode::invalid_argument, "text of ", text_.size(), " bytes does not fit a NUL-padded field of ", width,
         " bytes, or holds a NUL");
  }
  text(text_);
  zeros(width - text_.size());
}

}  // namespace rattan
