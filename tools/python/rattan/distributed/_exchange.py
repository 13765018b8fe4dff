"""What ranks send to each other, with an end to every wait."""
import time
from datetime import timedelta
from typing import Any, List, Optional, Tuple

import torch
import torch.distributed as dist

from .._errors import Error, InvalidArgument
from ._merge import merge

_GATHERED_RANKS = 8  # up to so many parts are gathered in one round; more are reduced in two


class Exchange:
    """Collective calls of a process group. Where a rank is missing for `timeout` seconds, or has ended, all ranks that are
    left get an Error; the group is of no use afterwards, and every further call says so at once."""

    def __init__(self, group: Any = None, timeout: float = 30.0):
        if not dist.is_initialized():
            raise InvalidArgument("group: torch.distributed.init_process_group has not been called")
        if not timeout > 0:
            raise InvalidArgument(f"timeout: {timeout} seconds; allowed is above 0")
        self.group, self.timeout = group, timeout
        self.rank, self.ranks = dist.get_rank(group), dist.get_world_size(group)
        self.on_device = dist.get_backend(group) == "nccl"
        self._broken: Optional[str] = None

    def _wait(self, work: Any, what: str) -> None:
        try:
            if self.on_device:  # its wait() does not end
                deadline = time.monotonic() + self.timeout
                while not work.is_completed():
                    if time.monotonic() > deadline:
                        raise RuntimeError("timed out")
            work.wait(timedelta(seconds=self.timeout)) if not self.on_device else work.wait()
        except RuntimeError as error:
            self._fail(what, error)

    def _fail(self, what: str, error: Exception) -> None:
        self._broken = (f"{what}: rank {self.rank} of {self.ranks} got no answer from every rank within {self.timeout:g} s; one is "
                        f"slow, has ended, or called something else ({str(error).splitlines()[0][:200]})")
        raise Error(self._broken, "io") from error

    def _run(self, what: str, call: Any) -> None:
        if self._broken is not None:
            raise Error(f"the group failed before: {self._broken}", "io")
        try:
            work = call()
        except RuntimeError as error:  # a connection that has ended
            self._fail(what, error)
        self._wait(work, what)

    def _sent(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to("cuda" if self.on_device else "cpu", torch.float32).contiguous()

    def gather(self, rows: torch.Tensor, what: str = "gather") -> List[torch.Tensor]:
        """rows: float32 of one shape on all ranks. Returns every rank's."""
        own = self._sent(rows)
        every = [torch.empty_like(own) for _ in range(self.ranks)]
        self._run(what, lambda: dist.all_gather(every, own, group=self.group, async_op=True))
        return every

    def _reduce(self, tensor: torch.Tensor, operation: Any, what: str) -> torch.Tensor:
        self._run(what, lambda: dist.all_reduce(tensor, operation, group=self.group, async_op=True))
        return tensor

    def merge(self, output: torch.Tensor, lse: torch.Tensor, what: str = "merge") -> Tuple[torch.Tensor, torch.Tensor]:
        """output: [.., heads, value_dim], lse: [.., heads] of this rank's keys; what all ranks' keys give, on every rank."""
        if self.ranks == 1:
            return output, lse
        packed = self._sent(torch.cat([output, lse[..., None]], -1))
        if self.ranks <= _GATHERED_RANKS:
            every = torch.stack(self.gather(packed, what))
            out, total = merge(every[..., :-1], every[..., -1])
        else:
            out, total = self._merge_by_reducing(packed, what)
        return out.to(output.device), total.to(output.device)

    def _merge_by_reducing(self, packed: torch.Tensor, what: str) -> Tuple[torch.Tensor, torch.Tensor]:
        most = self._reduce(packed[..., -1].contiguous(), dist.ReduceOp.MAX, what)
        base = torch.where(most == -torch.inf, 0.0, most)
        weight = torch.exp(packed[..., -1:] - base[..., None])
        weighted = torch.cat([torch.where(weight > 0, packed[..., :-1] * weight, 0.0), weight], -1)
        total = self._reduce(weighted, dist.ReduceOp.SUM, what)
        out = torch.where(total[..., -1:] > 0, total[..., :-1] / total[..., -1:], 0.0)
        return out, base + torch.log(total[..., -1])
