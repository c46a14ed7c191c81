#!/usr/bin/env python3
"""peer.py - PyTorch's side of `make bench`: imports it once, then measures what it is asked, a line at a time.

    infer THREADS SECONDS float32|bfloat16 BATCH    forward passes on ready tensors: windows a second
    train THREADS SECONDS float32|bfloat16 BATCH    whole steps (forward, backward, Adam): regions a second
    vcf THREADS MODEL FASTA VCF                     torch_ref.py vcf --both, without the time to import PyTorch: seconds

Answers "RATE RATE_CPU" (a second of time; of processor time on all threads together), or, to vcf,
the two times. PEER names the folder of torch_ref.py.
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


def rate(step, per_step, threads, seconds):
    for _ in range(3):
        step()
    n, wall, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        step()
        n += per_step
    return n / (time.perf_counter() - wall), n * threads / (time.process_time() - cpu)


def infer(threads, seconds, dtype, batch):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    m = ref.ConvNet(163).eval().to(dtype)
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


print(torch.__version__, torch.backends.cpu.get_cpu_capability(), flush=True)
for line in sys.stdin:
    what, *a = line.split()
    if what == "vcf":
        r = vcf(*a)
    else:
        r = (infer if what == "infer" else train)(int(a[0]), float(a[1]), getattr(torch, a[2]), int(a[3]))
    print("%.6g %.6g" % r, flush=True)
