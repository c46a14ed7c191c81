#!/usr/bin/env python3
"""Compares `tfbind explain` with Captum's DeepLift on the published architectures and on graphs.

DeepLift is used as the published script uses it: not multiplied by inputs, hypothetical
contributions of each base against each reference, the mean over references.

    deeplift.py TORCH_REF TFBIND TMP TOOL_TINY_MODEL SPEC...    (torch_ref.py, the program, a scratch folder, the
                                                                 unit program that writes a model, networks)

Prints `ok NAME` / `not ok NAME: why` lines. Needs torch, captum and numpy. Both work in single
precision. Contributions pass within 1e-4 of the largest of their sequence: a ReLU's multiplier is
the ratio of two differences, and if its input hardly differs between sequence and reference,
rounding moves that ratio. The median error, which shows what is usual, is printed beside it.
"""
import importlib.util, json, os, struct, subprocess, sys, warnings
import numpy as np
import torch
import torch.nn.functional as F
from captum.attr import DeepLift, InputXGradient
from captum.attr._core import deep_lift

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


class Exp(torch.nn.Module):
    def forward(self, x):
        return torch.exp(x)


class Log(torch.nn.Module):
    def forward(self, x):
        return torch.log(x)


# functions of one number, to which Captum's rescale rule applies as to its own
for kind in (Exp, Log, torch.nn.GELU, torch.nn.SiLU):
    deep_lift.SUPPORTED_NON_LINEAR[kind] = deep_lift.nonlinear


class SoftMaximum(torch.nn.Module):
    """`gpool lse R`, in steps that Captum has rules for."""

    def __init__(self, sharpness):
        super().__init__()
        self.r, self.exp, self.log = sharpness, Exp(), Log()

    def forward(self, x):
        return self.log(self.exp(self.r * x).mean(2, keepdim=True)) / self.r


class Graph(torch.nn.Module):
    """The network of a spec, with the tensors of a model file of ours. Values are (B, C, L)."""

    def __init__(self, spec, path):
        super().__init__()
        with open(path, "rb") as f:
            n, = struct.unpack("<Q", f.read(8))
            head, data = json.loads(f.read(n)), f.read()
        head.pop("__metadata__", None)
        self.p = {}
        for name, about in head.items():
            values = np.frombuffer(data[slice(*about["data_offsets"])], "<f4").reshape(about["shape"])
            self.p[name] = torch.from_numpy(values.copy())
        self.steps = [text.strip() for text in spec.split(";")]
        nn = torch.nn
        made = {"relu": lambda *a: nn.ReLU(), "gelu": lambda *a: nn.GELU(), "silu": lambda *a: nn.SiLU(),
                "exp": lambda *a: Exp(), "pool": lambda n: torch.nn.MaxPool1d(int(n)),
                "lse": lambda r: SoftMaximum(float(r)), "max": lambda L: torch.nn.MaxPool1d(L)}
        self.made, self.own = made, torch.nn.ModuleDict()
        self(torch.zeros(1, 4, W))  # makes the modules

    def module(self, i, kind, *args):
        if str(i) not in self.own:
            self.own[str(i)] = self.made[kind](*args)
        return self.own[str(i)]

    def forward(self, x):
        value, last, number = {}, x, 0
        for i, text in enumerate(self.steps):
            name, text = [s.strip() for s in text.split("=")] if "=" in text else (None, text)
            kind, *args = text.split()
            refs = [value[a[1:]] for a in args if a[0] == "@"]
            h = refs[0] if refs and kind not in ("add", "cat") else last
            number += kind in ("conv", "dense")
            key = name or {"conv": f"c{number}", "dense": f"d{number}"}.get(kind, f"{kind}{number}")
            w, b = (self.p.get(f"{key}.{t}") for t in ("weight", "bias"))
            if kind == "conv":
                y = F.conv1d(h, w, b)
            elif kind == "dense":
                y = F.linear(h.flatten(1), w, b)[:, :, None]
            elif kind == "bn":
                y = F.batch_norm(h, self.p[key + ".running_mean"], self.p[key + ".running_var"], w, b, False)
            elif kind == "cat":
                y = torch.cat([h, refs[0]], 1)
            elif kind == "add":
                y = h + refs[0]
            elif kind == "gpool" and args[0] == "mean":
                y = h.mean(2, keepdim=True)
            else:
                args = [a for a in args if a[0] != "@"]
                if kind == "gpool":
                    kind, *args = ["max", h.shape[2]] if args[0] == "max" else args
                y = self.module(i, kind, *args)(h * 1.0)  # a tensor of its own: see Apart
            value[key] = last = y
        return last[:, :, 0]


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


def verdict(name, got, want, tol=1e-4):
    scale = np.abs(want).reshape(N, T, -1).max(-1)
    err = np.abs(got - want).reshape(N, T, -1) / scale[..., None]
    bad = not (err.max() <= tol and np.median(err) <= 1e-5)
    if bad:
        print(f"not ok {name}: {err.max():.3g} > {tol:.3g}, or median {np.median(err):.1e} > 1e-5", flush=True)
    else:
        print(f"ok {name} (largest {err.max():.1e}, median {np.median(err):.1e})", flush=True)
    return bad


def compare(arch, path, model, strands, tol=1e-4):
    """Both methods on a model file and the same network in PyTorch. True if one differs."""
    share, failed = ref.onehot(code).numpy()[:, None], False
    for strand in strands:
        contrib, hyp = ours(path, "--strand", strand, "--references-fasta", refs_fa)
        want = theirs(model, False) if strand == "fwd" else (theirs(model, False) + theirs(model, True)) / 2
        name = f"{arch} DeepLIFT, {strand}"
        failed |= verdict(f"{name}: hypothetical contributions are Captum's", hyp, want, tol)
        failed |= verdict(f"{name}: contributions are Captum's", contrib, (share * want).sum(2), tol)
    contrib, _ = ours(path, "--strand", "fwd", "--method", "gradient")
    X = ref.onehot(code)
    want = np.stack([InputXGradient(model).attribute(X.clone(), target=t).sum(1).detach().numpy() for t in range(T)], 1)
    return failed | verdict(f"{arch} gradient x input is Captum's", contrib, want)


failed = False
names = ",".join(f"TF{i}" for i in range(T))
for arch in ["convnet", "convnet-bn-after-relu", "shallow", "danq"]:
    path = os.path.join(tmp, "dl." + arch + ".safetensors")
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
    failed |= compare(arch, path, model, ["fwd", "both"] if arch == "convnet" else ["fwd"])
for i, spec in enumerate(sys.argv[5:]):
    path = os.path.join(tmp, f"dl.graph{i}.safetensors")
    subprocess.run([sys.argv[4], path, spec, str(W), names, "7"], check=True)
    failed |= compare("graph `" + spec.replace(";", ",") + "`", path, Graph(spec, path).eval(), ["fwd", "both"],
                      1e-3)  # a curved function's rate of change, from two numbers that hardly differ
sys.exit(1 if failed else 0)
