#!/usr/bin/env python3
"""Compares tfbind's network core with PyTorch, tensor by tensor: logits, gradients, ten Adam steps, files both ways.

    parity.py TORCH_REF TOOL_GRAD TMP [ARCH,...]     (torch_ref.py, the built test/unit/tool_grad, a scratch folder)

Prints `ok NAME` / `not ok NAME: why` lines. Needs torch and numpy.
Gradients and the weights after ten steps are compared with PyTorch in double precision. They pass
within 1e-5 of the largest of their tensor, or within four times the largest such distance of
PyTorch's own float32. A pooling maximum or a ReLU that rounding tips over moves both, and Adam
divides the noise of gradients that are zero in real arithmetic (biases before a batch norm) by
itself.
"""
import importlib.util, os, subprocess, sys
import numpy as np
import torch
import torch.nn.functional as F

spec = importlib.util.spec_from_file_location("torch_ref", sys.argv[1])
ref = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ref)
tool, tmp = sys.argv[2], sys.argv[3]
torch.manual_seed(7)
torch.set_num_threads(2)
rng = np.random.default_rng(7)
failed = False


def verdict(name, err, tol):
    global failed
    bad = not err <= tol
    failed |= bad
    print(f"not ok {name}: {err:.3g} > {tol:.3g}" if bad else f"ok {name} ({err:.1e})", flush=True)


# tfbind's files: layer by layer
ORDER = {
    "convnet": "c1 bn1 c2 bn2 c3 bn3 d4 bn4 d5 bn5 d6",
    "convnet-bn-after-relu": "c1 bn1 c2 bn2 c3 bn3 d4 bn4 d5 bn5 d6",
    "shallow": "c1 bn1 c2 bn2 d3 bn3 d4",
    "danq": "Conv1 BiLSTM Linear1 Linear2",
}


def loss_of(z, y):
    m = ~torch.isnan(y)
    return F.binary_cross_entropy_with_logits(z[m], y[m])


for arch in sys.argv[4].split(",") if len(sys.argv) > 4 else ["convnet", "convnet-bn-after-relu", "shallow", "danq"]:
    T, B = 7, 33
    path = os.path.join(tmp, arch + ".safetensors")
    names = ",".join(f"TF{i}" for i in range(T))
    init = [sys.executable, sys.argv[1], "init", "--arch", arch, "--targets", names, "--seed", "3"]
    subprocess.run([*init, "-o", path], check=True)
    model, targets, meta = ref.load(path)
    code = rng.integers(0, 4, (B, ref.WINDOW)).astype(np.uint8)
    code[3, 50:60] = 4  # some N
    label = rng.choice(3, (B, T), p=[0.4, 0.2, 0.4]).astype(np.uint8)
    code.tofile(os.path.join(tmp, "codes")), label.tofile(os.path.join(tmp, "labels"))
    y = torch.from_numpy(np.where(label == 2, np.nan, label).astype("f4"))
    out = os.path.join(tmp, arch + ".after.safetensors")
    steps = 10
    data = [os.path.join(tmp, "codes"), os.path.join(tmp, "labels"), str(B)]
    r = subprocess.run([tool, path, *data, str(steps), "0.003", out], check=True, stdout=subprocess.PIPE)
    got = np.frombuffer(r.stdout, "<f4")
    with torch.no_grad():
        want = model(ref.onehot(code)).numpy()
    z, got = got[:B * T].reshape(B, T), got[B * T:]
    verdict(f"{arch} logits", np.abs(z - want).max() / np.abs(want).max(), 1e-5)
    # training mode, dropout off on both sides (a mask is each library's own): PyTorch in double is
    # the truth, PyTorch in float32 the peer
    sides = []
    for dtype in (torch.float64, torch.float32):
        m = ref.load(path)[0].to(dtype).train()
        for mod in m.modules():
            if isinstance(mod, torch.nn.Dropout):
                mod.p = 0.0
            if isinstance(mod, torch.nn.LSTM):
                mod.dropout = 0.0
        opt = torch.optim.Adam(m.parameters(), lr=0.003)
        x, first = ref.onehot(code).to(dtype), None
        for s in range(steps):
            opt.zero_grad()
            loss = loss_of(m(x), y.to(dtype))
            loss.backward()
            if s == 0:
                first = loss.item(), {n: p.grad.numpy().astype("f8") for n, p in m.named_parameters()}
            opt.step()
        with torch.no_grad():
            sides.append((*first, m.eval()(x).numpy().astype("f8")))
    (loss, exact, after64), (_, peer, after32) = sides
    verdict(f"{arch} loss", abs(got[0] - loss) / abs(loss), 1e-5)
    got = got[1:]
    worst = max(np.abs(peer[n] - g).max() / np.abs(g).max() for n, g in exact.items() if np.abs(g).max() > 1e-12)
    for layer in ORDER[arch].split():
        for name in [n for n in exact if n.split(".")[0] == layer]:
            g = exact[name]
            mine, got = got[:g.size].reshape(g.shape), got[g.size:]
            scale = np.abs(g).max()
            if scale < 1e-12:  # a bias before a batch norm
                scale = np.abs(exact[layer + ".weight"]).max()
            verdict(f"{arch} gradient {name}", np.abs(mine - g).max() / scale, max(1e-5, 4 * worst))
    assert got.size == 0
    with torch.no_grad():
        a = ref.load(out)[0](ref.onehot(code)).numpy()
    scale = np.abs(after64).max()
    verdict(f"{arch} logits after {steps} Adam steps, through a file", np.abs(a - after64).max() / scale,
            max(1e-4, 4 * np.abs(after32 - after64).max() / scale))
sys.exit(1 if failed else 0)
