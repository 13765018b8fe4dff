"""Time of chunked torch.matmul + torch.topk, what the fused kernel of cuda/ replaces: tools/torch_topk.py [n] [k]."""
import statistics
import sys

import torch


def median_ms(call, repeats=5):
    times = []
    for i in range(repeats + 1):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        if i > 0:
            times.append(begin.elapsed_time(end))
    return statistics.median(times)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 131072
    k = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    chunk = 4096
    keys = torch.randn(n, 128, device="cuda", dtype=torch.bfloat16)
    queries = torch.randn(n, 128, device="cuda", dtype=torch.bfloat16)
    scores = torch.empty(chunk, n, device="cuda", dtype=torch.bfloat16)

    def multiply(select):
        for first in range(0, n, chunk):
            torch.mm(queries[first:first + chunk], keys.T, out=scores)
            if select:
                torch.topk(scores, k)

    square = [torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2)]
    gemm = median_ms(lambda: torch.mm(*square))
    print(f"torch {torch.__version__} {torch.cuda.get_device_name()} n {n} k {k}: matmul {median_ms(lambda: multiply(False)):.2f} ms, "
          f"matmul + topk {median_ms(lambda: multiply(True), 2):.2f} ms a head, square GEMM {2 * 8192**3 / gemm / 1e9:.0f} TFLOP/s")


if __name__ == "__main__":
    main()
