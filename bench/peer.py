#!/usr/bin/env python3
"""peer.py - PyTorch's side of `make bench`: imports it once, then measures what it is asked, a line at a time.

    infer THREADS SECONDS float32|bfloat16 BATCH [ARCH]   forward passes on ready tensors: windows a second
    train THREADS SECONDS float32|bfloat16 BATCH    whole steps (forward, backward, Adam): regions a second
    vcf THREADS MODEL FASTA VCF                     torch_ref.py vcf --both, without the time to import PyTorch: seconds

Answers "RATE RATE_CPU" (a second of time; of processor time on all threads together), or, to vcf,
the two times; or "error: WHY". PEER names the folder of torch_ref.py.
"""
import contextlib
import io
import os
import sys
import time

sys.path.insert(0, os.environ["PEER"])
import numpy as np
import torch
import torch.nn.functional as F
import torch_ref as ref


class Pooled(torch.nn.Module):
    """The network of the shipped model."""

    def __init__(self, n):
        super().__init__()
        self.c1, self.bn1 = torch.nn.Conv1d(4, 128, 19), torch.nn.BatchNorm1d(128)
        self.c2, self.bn2 = torch.nn.Conv1d(128, 192, 7), torch.nn.BatchNorm1d(192)
        self.c3, self.bn3 = torch.nn.Conv1d(192, 256, 4), torch.nn.BatchNorm1d(256)
        self.d4, self.bn4 = torch.nn.Linear(384, 512), torch.nn.BatchNorm1d(512)
        self.d5 = torch.nn.Linear(512, n)

    @staticmethod
    def soft_maximum(x):
        return (torch.logsumexp(3 * x, 2) - np.log(x.shape[2])) / 3

    def forward(self, x):
        m = F.max_pool1d(F.relu(self.bn1(self.c1(x))), 3)
        x = F.max_pool1d(F.relu(self.bn2(self.c2(m))), 3)
        x = F.relu(self.bn3(self.c3(x)))
        x = torch.cat([self.soft_maximum(m), self.soft_maximum(x)], 1)
        return self.d5(F.relu(self.bn4(self.d4(x))))


ref.ARCH["pooled"] = Pooled


def rate(step, per_step, threads, seconds):
    for _ in range(3):
        step()
    n, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        step()
        n += per_step
    return n / (time.perf_counter() - wall), n * threads / (time.process_time() - cpu)


def infer(threads, seconds, dtype, batch, arch="convnet"):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    m = ref.ARCH[arch](163).eval().to(dtype)
    x = ref.onehot(np.random.default_rng(0).integers(0, 4, (batch, ref.WINDOW)).astype(np.uint8)).to(dtype)
    with torch.inference_mode():
        return rate(lambda: m(x), batch, threads, seconds)


def train(threads, seconds, dtype, batch):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    m = ref.ConvNet(50).train()
    x = ref.onehot(np.random.default_rng(0).integers(0, 4, (batch, ref.WINDOW)).astype(np.uint8))
    y = (torch.rand(batch, 50) < 0.1).float()
    opt = torch.optim.Adam(m.parameters(), lr=1e-3)

    def step():
        opt.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype != torch.float32):
            z = m(x)
        F.binary_cross_entropy_with_logits(z.float(), y).backward()
        opt.step()

    return rate(step, batch, threads, seconds)


def vcf(threads, model, fasta, path):
    sys.argv = ["torch_ref.py", "vcf", "--threads", threads, "--both", "-m", model, "--fasta", fasta, path]
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        ref.main()
    return time.perf_counter() - wall, (time.process_time() - cpu) / int(threads)


capability = torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else ""  # since 2.0
print(torch.__version__, capability, flush=True)
for line in sys.stdin:
    what, *a = line.split()
    try:
        if what == "vcf":
            r = vcf(*a)
        else:
            r = (infer if what == "infer" else train)(int(a[0]), float(a[1]), getattr(torch, a[2]), int(a[3]), *a[4:])
        print("%.6g %.6g" % r, flush=True)
    except Exception as e:  # an older PyTorch without an operation in bfloat16, a missing pysam
        print("error: " + " ".join(str(e).split())[:200], flush=True)
