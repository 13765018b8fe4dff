"""The peers' own indexes, unmodified. Each: build or open from disk, clone, set the width, search rows."""
import hashlib
import json
import time

import faiss
import hnswlib
import numpy as np

HNSW_M = 16
BUILD_BEAM = 200
# Order of insertion: HNSW is sensitive to it, and a random one is better than token order on attention keys.
ORDER_SEED = 1


class FaissPeer:
    def __init__(self, name, make, widths, heads, refine=0):
        self.name, self.make, self.widths, self.refine = name, make, widths, refine
        self.batches = (1, heads)

    def build(self, keys, order):
        index = self.make(keys)
        if not index.is_trained:
            index.train(keys)
        index.add(keys[order])
        return index

    def save(self, index, path):
        faiss.write_index(index, str(path))

    def open(self, path, keys):
        return faiss.read_index(str(path))

    def clone(self, index, path, keys):
        return faiss.deserialize_index(faiss.serialize_index(index))

    def nbytes(self, path, keys):
        return path.stat().st_size

    def set_width(self, index, width):
        if isinstance(index, faiss.IndexRefineFlat):
            index.k_factor = float(self.refine)
            faiss.downcast_index(index.base_index).nprobe = width
        elif isinstance(index, faiss.IndexHNSW):
            index.hnsw.efSearch = width
        else:
            index.nprobe = width

    def search(self, index, queries, k):
        return index.search(queries, k)[1]

    def reset_stats(self):
        faiss.cvar.indexIVF_stats.reset()
        faiss.cvar.hnsw_stats.reset()

    def scored(self):
        """Vectors compared since reset_stats(), or None where the index does not count them."""
        hnsw, ivf = faiss.cvar.hnsw_stats.ndis, faiss.cvar.indexIVF_stats.ndis
        return hnsw or ivf or None


class HnswlibPeer:
    name = "hnswlib"

    def __init__(self, widths, heads):
        self.widths = widths
        self.batches = (1, heads)

    def build(self, keys, order):
        index = hnswlib.Index(space="ip", dim=keys.shape[1])
        index.init_index(max_elements=len(keys), ef_construction=BUILD_BEAM, M=HNSW_M)
        index.add_items(keys[order], np.arange(len(keys)), num_threads=2)
        return index

    def save(self, index, path):
        index.save_index(str(path))

    def open(self, path, keys):
        index = hnswlib.Index(space="ip", dim=keys.shape[1])
        index.load_index(str(path))
        return index

    def clone(self, index, path, keys):
        return self.open(path, keys)

    def nbytes(self, path, keys):
        return path.stat().st_size

    def set_width(self, index, width):
        index.set_ef(width)

    def search(self, index, queries, k):
        return index.knn_query(queries, k=k, num_threads=1)[0].astype(np.int64)

    def reset_stats(self):
        pass

    def scored(self):
        return None


def _lists(keys):
    return int(2 * np.sqrt(keys))


def _ivf_flat(keys):
    return faiss.index_factory(keys.shape[1], f"IVF{_lists(len(keys))},Flat", faiss.METRIC_INNER_PRODUCT)


def _ivf_pq(keys):
    # Half a sub-quantiser per dimension, 4 bits each; "RFlat" re-ranks with the exact keys.
    spec = f"IVF{_lists(len(keys))},PQ{keys.shape[1] // 2}x4fs,RFlat"
    return faiss.index_factory(keys.shape[1], spec, faiss.METRIC_INNER_PRODUCT)


def _hnsw(keys):
    index = faiss.IndexHNSWFlat(keys.shape[1], HNSW_M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_BEAM
    return index


def _hnsw_sq(keys):
    index = faiss.IndexHNSWSQ(keys.shape[1], faiss.ScalarQuantizer.QT_8bit, HNSW_M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_BEAM
    return index


def all_peers(k, keys, heads):
    """Each is asked row by row and in batches of the query heads of a KV head."""
    probes = _widths(1, _lists(keys))
    beams = _widths(k, min(keys // 2, 64 * k))
    return [FaissPeer("faiss IVFFlat", _ivf_flat, probes, heads), FaissPeer("faiss IVFPQFastScan+refine x2", _ivf_pq, probes, heads, 2),
            FaissPeer("faiss IVFPQFastScan+refine x4", _ivf_pq, probes, heads, 4), FaissPeer("faiss HNSWFlat", _hnsw, beams, heads),
            FaissPeer("faiss HNSWSQ 8-bit", _hnsw_sq, beams, heads), HnswlibPeer(beams, heads)]


def _widths(low, high):
    """Steps of about 12 %."""
    widths = {int(round(low * 1.12**i)) for i in range(200) if low * 1.12**i <= high}
    return sorted(widths | {low, high})


def build_or_open(peer, keys, folder):
    """(index, file, build record). The file's name holds a hash of the keys and the peer."""
    folder.mkdir(parents=True, exist_ok=True)
    family = peer.name.split(" x")[0]
    digest = hashlib.sha1(keys.tobytes() + f"{family} {HNSW_M} {BUILD_BEAM} {faiss.__version__}".encode()).hexdigest()[:12]
    path = folder / f"{family.replace(' ', '_').replace('+', '_')}-{digest}.index"
    record = path.with_suffix(".json")
    if path.exists() and record.exists():
        return peer.open(path, keys), path, json.loads(record.read_text())
    faiss.omp_set_num_threads(2)
    order = insertion_order(len(keys))
    start = time.perf_counter()
    index = peer.build(keys, order)
    seconds = time.perf_counter() - start
    faiss.omp_set_num_threads(1)
    peer.save(index, path)
    record.write_text(json.dumps({"build_s": seconds, "build_threads": 2, "order": order_name()}))
    return index, path, json.loads(record.read_text())


def order_name():
    return f"random (seed {ORDER_SEED})"


def insertion_order(count):
    """Vector i of a peer is key insertion_order(n)[i]."""
    return np.random.default_rng(ORDER_SEED).permutation(count)
