#include "datasets/vector_file.h"

#include "core/check.h"
#include "datasets/file_kind.h"
#include "datasets/npy.h"
#include "datasets/vecs.h"
#include "datasets/xbin.h"

namespace rattan::datasets {

SharedMatrix read_vectors(const std::filesystem::path& path) {
  const FileKind kind = kind_of_file(path);
  switch (kind) {
    case FileKind::npy: return read_npy(path, Access::map).matrix;
    case FileKind::fvecs: return read_fvecs(path, Access::map);
    case FileKind::fbin: return read_fbin(path, Access::map);
    case FileKind::f16bin: return read_f16bin(path, Access::map);
    default:
      fail(ErrorCode::unsupported, path.string(), ": is ", describe(kind),
           "; vectors are read from npy, fbin, f16bin and fvecs");
  }
}

IntegerRows read_ids(const std::filesystem::path& path) {
  const FileKind kind = kind_of_file(path);
  if (kind == FileKind::ibin) return read_ibin(path);
  if (kind == FileKind::ivecs) return read_ivecs(path);
  fail(ErrorCode::unsupported, path.string(), ": is ", describe(kind), "; ids are read from ibin and ivecs");
}

}  // namespace rattan::datasets
