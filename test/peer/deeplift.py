#!/usr/bin/env python3
"""Compares `tfbind explain` with Captum's DeepLift on the published architectures.

DeepLift is used as the published script uses it: not multiplied by inputs, hypothetical
contributions of each base against each reference, the mean over references.

    deeplift.py TORCH_REF TFBIND TMP     (torch_ref.py, the program, a scratch folder)

Prints `ok NAME` / `not ok NAME: why` lines. Needs torch, captum and numpy. Both work in single
precision. Contributions pass within 1e-4 of the largest of their sequence: a ReLU's multiplier is
the ratio of two differences, and if its input hardly differs between sequence and reference,
rounding moves that ratio. The median error, which shows what is usual, is printed beside it.
"""
import importlib.util, os, subprocess, sys, warnings
import numpy as np
import torch
from captum.attr import DeepLift, InputXGradient

warnings.filterwarnings("ignore")
spec = importlib.util.spec_from_file_location("torch_ref", sys.argv[1])
ref = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ref)
tfbind, tmp = sys.argv[2], sys.argv[3]
torch.manual_seed(7)
torch.set_num_threads(1)
rng = np.random.default_rng(7)
N, REFS, T, W = 3, 3, 2, ref.WINDOW
fa, refs_fa = os.path.join(tmp, "dl.fa"), os.path.join(tmp, "dl_refs.fa")
code, refs = rng.integers(0, 4, (N, W)), rng.integers(0, 4, (REFS, W))
code[2, 50:58] = 4  # some N
for path, c in (fa, code), (refs_fa, refs):
    with open(path, "w") as f:
        for i, s in enumerate(c):
            f.write(f">s{i}\n" + "".join("ACGTN"[b] for b in s) + "\n")


class Apart(torch.nn.Module):
    """Keeps a ReLU and the pooling after it from sharing a tensor.

    Captum 0.9 hooks both on it in the order in which they ran, so that the ReLU takes the gradient
    for the multiplier that the pooling is about to put in its place, and contributions do not add up.
    """

    def forward(self, x):
        return x * 1.0


class BiLSTM(torch.nn.Module):
    def __init__(self, lstm):
        super().__init__()
        self.lstm = lstm

    def forward(self, x):
        return self.lstm(x.transpose(1, 2))[0]


def modular(m, arch):
    """The same network with a module for each step: Captum knows ReLU and pooling only as modules, used once each."""
    nn = torch.nn

    def act(layer, bn):
        if arch == "convnet-bn-after-relu":
            return [layer, nn.ReLU(), bn]
        return [layer, bn, nn.ReLU(), Apart()]

    if arch == "danq":
        steps = [m.Conv1, nn.ReLU(), Apart(), nn.MaxPool1d(13), BiLSTM(m.BiLSTM), nn.Flatten()]
        steps += [m.Linear1, nn.ReLU(), m.Linear2]
    elif arch == "shallow":
        steps = [*act(m.c1, m.bn1), nn.MaxPool1d(10), *act(m.c2, m.bn2), nn.MaxPool1d(4), nn.Flatten()]
        steps += [*act(m.d3, m.bn3), m.d4]
    else:
        steps = [*act(m.c1, m.bn1), nn.MaxPool1d(3), *act(m.c2, m.bn2), nn.MaxPool1d(3)]
        steps += [*act(m.c3, m.bn3), nn.MaxPool1d(3), nn.Flatten()]
        steps += [*act(m.d4, m.bn4), *act(m.d5, m.bn5), m.d6]
    return nn.Sequential(*steps).eval()


def ours(model, *options):
    command = [tfbind, "explain", "-v", "0", "-m", model, "--tf", "all", *options, fa]
    r = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    rows = [line.split("\t") for line in r.stdout.splitlines()[1:]]
    a = np.array([[float(x) for x in row[6:11]] for row in rows]).reshape(N, T, W, 5)
    return a[..., 0], a[..., 1:].transpose(0, 1, 3, 2)  # contributions (N, T, W), hypothetical (N, T, 4, W)


def theirs(model, rev):
    """The published script, for both strands if asked to: the mean of both, as tfbind scores them."""
    X, R = ref.onehot(code), ref.onehot(refs)
    if rev:
        X, R = X.flip(1, 2), R.flip(1, 2)  # A C G T backwards is T G C A
    hyp = np.zeros((N, T, 4, W))
    dl = DeepLift(model, multiply_by_inputs=False)
    for t in range(T):
        for r in R:
            base = r.expand(N, -1, -1).contiguous()
            # one sequence at a time: where input and reference agree, Captum's pooling takes the
            # gradient of the batch's first
            m = torch.cat([dl.attribute(X[i:i + 1].clone(), base[i:i + 1], target=t) for i in range(N)])
            for c in range(4):
                all_c = torch.zeros_like(X)
                all_c[:, c] = 1
                hyp[:, t, c] += ((all_c - base) * m).sum(1).detach().numpy() / REFS
    return hyp[:, :, ::-1, ::-1] if rev else hyp


def verdict(name, got, want, tol):
    scale = np.abs(want).reshape(N, T, -1).max(-1)
    err = np.abs(got - want).reshape(N, T, -1) / scale[..., None]
    bad = not err.max() <= tol
    if bad:
        print(f"not ok {name}: {err.max():.3g} > {tol:.3g}", flush=True)
    else:
        print(f"ok {name} (largest {err.max():.1e}, median {np.median(err):.1e})", flush=True)
    return bad


failed = False
for arch in ["convnet", "convnet-bn-after-relu", "shallow", "danq"]:
    path = os.path.join(tmp, "dl." + arch + ".safetensors")
    names = ",".join(f"TF{i}" for i in range(T))
    init = [sys.executable, sys.argv[1], "init", "--arch", arch, "--targets", names, "--seed", "3"]
    subprocess.run([*init, "-o", path], check=True)
    model, targets, meta = ref.load(path)
    with torch.no_grad():  # untrained batch norms do nothing: give them something to do
        for m in model.modules():
            if isinstance(m, torch.nn.BatchNorm1d):
                m.running_mean.normal_(0, 0.2)
                m.running_var.uniform_(0.5, 1.5)
                m.weight.uniform_(0.5, 1.5)
                m.bias.normal_(0, 0.2)
    ref.save(path, model, meta)
    same = model(ref.onehot(code)).detach()
    model = modular(model, arch)
    assert torch.allclose(model(ref.onehot(code)), same, atol=1e-6)
    X = ref.onehot(code)
    share = X.numpy()[:, None]
    for strand in ["fwd", "both"] if arch == "convnet" else ["fwd"]:
        contrib, hyp = ours(path, "--strand", strand, "--references-fasta", refs_fa)
        want = theirs(model, False) if strand == "fwd" else (theirs(model, False) + theirs(model, True)) / 2
        name = f"{arch} DeepLIFT, {strand}"
        failed |= verdict(f"{name}: hypothetical contributions are Captum's", hyp, want, 1e-4)
        failed |= verdict(f"{name}: contributions are Captum's", contrib, (share * want).sum(2), 1e-4)
    contrib, hyp = ours(path, "--strand", "fwd", "--method", "gradient")
    want = np.stack([InputXGradient(model).attribute(X.clone(), target=t).sum(1).detach().numpy() for t in range(T)], 1)
    failed |= verdict(f"{arch} gradient x input is Captum's", contrib, want, 1e-4)
sys.exit(1 if failed else 0)
