#!/usr/bin/env python3
"""Compares networks of every layer kind with PyTorch: logits, loss and the gradient of every tensor.

    graph.py GRAPHS_H TOOL_TINY_MODEL TOOL_GRAD TMP

The specs are those of test/unit/graphs.h. Each is run by a small interpreter on
torch.nn.functional, with the tensors of a model file that tool_tiny_model writes. Prints
`ok NAME` / `not ok NAME: why` lines. PyTorch in double precision is the truth. Gradients pass
within 1e-5 of the largest of their tensor, or within four times the largest such distance of
PyTorch's own float32.
"""
import json, os, re, struct, subprocess, sys
import numpy as np
import torch
import torch.nn.functional as F

graphs_h, tiny, tool, tmp = sys.argv[1:5]
specs = re.findall(r'^    \{"(.*?)", [01]\},$', open(graphs_h).read(), re.M)
W, T, B = 60, 3, 21
rng = np.random.default_rng(5)
torch.set_num_threads(2)
failed = False


def verdict(name, err, tol):
    global failed
    bad = not err <= tol
    failed |= bad
    print(f"not ok {name}: {err:.3g} > {tol:.3g}" if bad else f"ok {name} ({err:.1e})", flush=True)


def load(path):
    """Tensors of a safetensors file, in its order."""
    with open(path, "rb") as f:
        n, = struct.unpack("<Q", f.read(8))
        head, data = json.loads(f.read(n)), f.read()
    head.pop("__metadata__", None)
    tensors = {}
    for name, about in head.items():
        values = np.frombuffer(data[slice(*about["data_offsets"])], "<f4")
        tensors[name] = values.reshape(about["shape"]).copy()
    return tensors


def lstm(x, p, name, H):
    """A bidirectional LSTM of one layer by its definition; x (B, C, L)."""
    ways = []
    for rev in ("", "_reverse"):
        w, u, b, c = (p[f"{name}.{t}_l0{rev}"] for t in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        steps = range(x.shape[2])[::-1] if rev else range(x.shape[2])
        h = cell = torch.zeros(len(x), H, dtype=x.dtype)
        out = {}
        for t in steps:
            i, f, g, o = (x[:, :, t] @ w.T + b + h @ u.T + c).chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            out[t] = h = torch.sigmoid(o) * torch.tanh(cell)
        ways.append(torch.stack([out[t] for t in range(x.shape[2])], 2))
    return torch.cat(ways, 1)


def run(spec, p, x, train):
    """Logits of the one-hot x (B, 4, W). Values are (B, C, L); dense layers flatten them, channels first."""
    value, last, number, by_position = {"bases": x}, x, 0, set()
    for i, text in enumerate(s.strip() for s in spec.split(";")):
        name, text = [s.strip() for s in text.split("=")] if "=" in text else (None, text)
        kind, *args = text.split()
        refs = [value[a[1:]] for a in args if a.startswith("@")]
        args = [a for a in args if not a.startswith("@")]
        two = kind in ("add", "cat")
        ins = refs if len(refs) == 1 + two else [last] + refs
        h, *other = ins
        if kind in ("conv", "dense"):
            number += 1
        default = {"conv": f"c{number}", "dense": f"d{number}"}.get(kind, f"{kind}{number}")
        key = name or (default if default not in value else f"{kind}{number}_{i + 1}")
        dilation = int(args[args.index("dilate") + 1]) if "dilate" in args else 1
        if kind in ("conv", "dwconv"):
            w, b = p[key + ".weight"], p[key + ".bias"]
            pad = (w.shape[2] - 1) * dilation // 2 if "same" in args else 0
            y = F.conv1d(h, w, b, padding=pad, dilation=dilation, groups=h.shape[1] if kind == "dwconv" else 1)
        elif kind == "dense":
            flat = h.transpose(1, 2) if id(h) in by_position else h
            y = F.linear(flat.reshape(len(h), -1), p[key + ".weight"], p[key + ".bias"])[:, :, None]
        elif kind == "bn":
            mean, var = (p[f"{key}.running_{name}"].clone() for name in ("mean", "var"))
            y = F.batch_norm(h, mean, var, p[key + ".weight"], p[key + ".bias"], train)
        elif kind == "attend":
            a = torch.softmax(torch.einsum("hc,bcl->bhl", p[key + ".weight"], h), 2)
            y = torch.einsum("bhl,bcl->bhc", a, h).reshape(len(h), -1, 1)
        elif kind == "bilstm":
            y = lstm(h, p, key, int(args[0]))
            by_position.add(id(y))
        elif kind == "gpool":
            r = float(args[1]) if len(args) > 1 else 1.0
            y = {
                "max": lambda: h.max(2, keepdim=True)[0],
                "mean": lambda: h.mean(2, keepdim=True),
                "lse": lambda: (torch.logsumexp(r * h, 2, keepdim=True) - np.log(h.shape[2])) / r,
            }[args[0]]()
        else:
            y = {
                "relu": lambda: F.relu(h),
                "gelu": lambda: F.gelu(h),
                "silu": lambda: F.silu(h),
                "exp": lambda: torch.exp(h),
                "pool": lambda: F.max_pool1d(h, int(args[0])),
                "dropout": lambda: h,
                "add": lambda: h + other[0],
                "cat": lambda: torch.cat([h, other[0]], 1),
            }[kind]()
        value[key] = last = y
    return last[:, :, 0]


onehot = np.zeros((B, 4, W))
code = rng.integers(0, 4, (B, W)).astype(np.uint8)
code[3, 20:26] = 4
for b in range(4):
    onehot[:, b] = np.where(code == 4, 0.25, code == b)
label = rng.choice(3, (B, T), p=[0.4, 0.2, 0.4]).astype(np.uint8)
y = torch.from_numpy(np.where(label == 2, np.nan, label).astype("f8"))
code.tofile(os.path.join(tmp, "codes")), label.tofile(os.path.join(tmp, "labels"))
path = os.path.join(tmp, "graph.safetensors")
for spec in specs:
    subprocess.run([tiny, path, spec, str(W), "A,B,C", "7"], check=True)
    file = load(path)
    data = [os.path.join(tmp, "codes"), os.path.join(tmp, "labels"), str(B)]
    r = subprocess.run([tool, path, *data], check=True, stdout=subprocess.PIPE)
    got = np.frombuffer(r.stdout, "<f4")
    sides = []
    for dtype in (torch.float64, torch.float32):
        p = {k: torch.from_numpy(v).to(dtype).requires_grad_("running" not in k) for k, v in file.items()}
        x = torch.from_numpy(onehot).to(dtype)
        with torch.no_grad():
            z = run(spec, p, x, False).numpy()
        zt, m = run(spec, p, x, True), ~torch.isnan(y)
        loss = F.binary_cross_entropy_with_logits(zt[m], y[m].to(dtype))
        loss.backward()
        sides.append((z, loss.item(), {k: v.grad.numpy().astype("f8") for k, v in p.items() if v.grad is not None}))
    (want, loss, exact), (_, _, peer) = sides
    z, mine_loss, got = got[:B * T].reshape(B, T), got[B * T], got[B * T + 1:]
    verdict(f"{spec}: logits", np.abs(z - want).max() / np.abs(want).max(), 2e-5)
    verdict(f"{spec}: loss", abs(mine_loss - loss) / abs(loss), 1e-5)
    largest = max(np.abs(g).max() for g in exact.values())
    real = {k: g for k, g in exact.items() if np.abs(g).max() > 1e-9 * largest}
    worst = max(np.abs(peer[k] - g).max() / np.abs(g).max() for k, g in real.items())
    off = 0
    for k in (k for k in file if "running" not in k):
        g = exact[k]
        mine, got = got[:g.size].reshape(g.shape), got[g.size:]
        scale = np.abs(g).max()
        if scale < 1e-9 * largest:  # a bias before a batch norm: no gradient but rounding
            scale = largest
        off = max(off, np.abs(mine - g).max() / scale)
    verdict(f"{spec}: gradients", off, max(2e-5, 4 * worst))
    assert got.size == 0
sys.exit(1 if failed else 0)
