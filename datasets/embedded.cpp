#include "datasets/embedded.h"

namespace rattan::datasets {

std::filesystem::path embedded_file() { return RATTAN_EMBEDDED_FILE; }

KvGroup embedded_group(const std::filesystem::path& file) {
  const QkvDump dump = QkvDump::open(file);
  return dump.group(dump.layers().front(), 0);
}

}  // namespace rattan::datasets
