#include "datasets/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "storage/file_bytes.h"

namespace rattan::datasets {
namespace {

struct KindRow {
  FileKind kind;
  std::string_view what;
  std::string_view advice;
};

constexpr std::array kind_rows{
    KindRow{FileKind::safetensors, "a safetensors file", "--data takes it where its tensors are q, k and v"},
    KindRow{FileKind::shard_index, "the index of sharded safetensors", "--data takes it"},
    KindRow{FileKind::npy, "a NumPy array", "it needs its queries beside it: --data KEYS.npy+QUERIES.npy"},
    KindRow{FileKind::fvecs, "an fvecs file", "it needs its queries beside it: --data KEYS.fvecs+QUERIES.fvecs"},
    KindRow{FileKind::ivecs, "an ivecs file: ids, not vectors",
            "as neighbors.ivecs beside keys and queries in a folder it is checked"},
    KindRow{FileKind::fbin, "an fbin file", "it needs its queries beside it: --data KEYS.fbin+QUERIES.fbin"},
    KindRow{FileKind::f16bin, "an f16bin file", "it needs its queries beside it: --data KEYS.f16bin+QUERIES.f16bin"},
    KindRow{FileKind::ibin, "an ibin file: ids, not vectors",
            "as neighbors.ibin beside keys and queries in a folder it is checked"},
    KindRow{FileKind::hdf5, "an HDF5 file", "--data takes it where its data sets are train and test"},
    KindRow{
        FileKind::rattan_index, "a Rattan index",
        "\"rattan-bench search --index-file\" and \"rattan-bench info --index-file\" take it, beside the data it was "
        "built from"},
    KindRow{FileKind::result_rows, "rows of a sweep", "\"rattan-bench report\" draws them"},
    KindRow{FileKind::zip, "a zip archive, as torch.save and numpy.savez write them",
            "\"python -m rattan.dump --from-pt FILE -o DIR\" converts {q, k, v}; arrays of an npz are saved one by one "
            "with numpy.save"},
    KindRow{FileKind::pickle, "a Python pickle",
            "pickles run code and are not read: load it in Python, save its arrays with numpy.save and run "
            "\"python -m rattan.dump --from-arrays Q.npy K.npy -o DIR\""},
    KindRow{FileKind::gguf, "a model in GGUF",
            "\"python -m rattan.dump FILE --text TEXT -o DIR\" runs it and writes a dump"},
    KindRow{FileKind::parquet, "a Parquet file",
            "save its vectors with numpy.save as keys.npy and queries.npy in one folder"},
    KindRow{FileKind::packed, "a compressed file", "unpack it first"},
    KindRow{FileKind::text, "a text file",
            "save its vectors with numpy.save as keys.npy and queries.npy in one folder"},
    KindRow{FileKind::unknown, "a file of no known format",
            "read are safetensors, npy, fbin, f16bin, fvecs and HDF5: bench/README.md, section 2"},
};

const KindRow& row_of(FileKind kind) noexcept { return kind_rows[static_cast<std::size_t>(kind)]; }

struct Magic {
  std::string_view bytes;
  FileKind kind;
};

constexpr std::array magics{
    Magic{"\x93NUMPY", FileKind::npy},
    Magic{"\x89HDF\r\n\x1a\n", FileKind::hdf5},
    Magic{"RATTANIX", FileKind::rattan_index},
    Magic{"PK\x03\x04", FileKind::zip},
    Magic{"GGUF", FileKind::gguf},
    Magic{"PAR1", FileKind::parquet},
    Magic{"\x1f\x8b", FileKind::packed},
    Magic{"\x28\xb5\x2f\xfd", FileKind::packed},
    Magic{"\xfd"
          "7zXZ",
          FileKind::packed},
};

struct Ending {
  std::string_view text;
  FileKind kind;
};

constexpr std::array endings{
    Ending{".safetensors", FileKind::safetensors},
    Ending{".index.json", FileKind::shard_index},
    Ending{".npy", FileKind::npy},
    Ending{".fvecs", FileKind::fvecs},
    Ending{".ivecs", FileKind::ivecs},
    Ending{".fbin", FileKind::fbin},
    Ending{".f16bin", FileKind::f16bin},
    Ending{".ibin", FileKind::ibin},
    Ending{".hdf5", FileKind::hdf5},
    Ending{".h5", FileKind::hdf5},
};

// A length of at most 100 MB, then the brace of a JSON header.
bool begins_as_safetensors(std::string_view head) {
  return head.size() > 8 && head[8] == '{' && head.substr(5, 3) == std::string_view("\0\0\0", 3);
}

bool is_pickle(std::string_view head) { return head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5; }

bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](unsigned char c) { return c >= ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

}  // namespace

FileKind kind_of_file(const std::filesystem::path& path) {
  constexpr std::size_t enough = 256;
  const auto file = FileBytes::open(path, Access::map);
  const std::span<const std::byte> bytes = file->bytes();
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), enough));
  for (const Magic& magic : magics) {
    if (head.starts_with(magic.bytes)) return magic.kind;
  }
  const std::string name = path.filename().string();
  for (const Ending& ending : endings) {
    if (name.ends_with(ending.text)) return ending.kind;
  }
  if (begins_as_safetensors(head)) return FileKind::safetensors;
  if (is_pickle(head)) return FileKind::pickle;
  if (head.starts_with("{\"record\":")) return FileKind::result_rows;
  return is_text(head) ? FileKind::text : FileKind::unknown;
}

std::string_view describe(FileKind kind) noexcept { return row_of(kind).what; }

std::string_view advice(FileKind kind) noexcept { return row_of(kind).advice; }

}  // namespace rattan::datasets
