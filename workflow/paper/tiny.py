"""Made-up data for `--config quick=1`: python3 tiny.py DIR.

Three contigs, six TFs whose motifs are planted where they bind.
"""
import os
import random
import sys

MOTIF = {"JUND": "TGACTCA", "JUN": "TGACTCA", "FOS": "TGACTCAT", "MAX": "CACGTG", "MNT": "CACGTGA", "CTCF": "CCAGCAGGG"}
MODE = {"JUND": 1, "JUN": 1, "FOS": 1, "MAX": 2, "MNT": 2, "CTCF": 3}
out = sys.argv[1]
rng = random.Random(1)
os.makedirs(out, exist_ok=True)
with open(f"{out}/ref.fa", "w") as fa, open(f"{out}/labels.bed", "w") as bed:
    bed.write("\t".join(["#chrom", "start", "end", "name", *MOTIF]) + "\n")
    for contig, n in (("chr1", 900), ("chr2", 300), ("chr3", 300)):
        fa.write(f">{contig}\n")
        for i in range(n):
            seq = [rng.choice("ACGT") for _ in range(60)]
            mode = rng.randrange(1, 4)
            row = []
            for tf in MOTIF:
                bound = MODE[tf] == mode and rng.random() < 0.8
                row.append("." if rng.random() < 0.1 else str(int(bound)))
                if bound:
                    at = rng.randrange(60 - 10)
                    seq[at:at + len(MOTIF[tf])] = MOTIF[tf]
            fa.write("".join(seq[:60]) + "\n")
            bed.write("\t".join([contig, str(i * 60), str(i * 60 + 60), f"r{i}", *row]) + "\n")
with open(f"{out}/groups.tsv", "w") as f:
    f.write("tf\tcluster\n" + "".join(f"{tf}\t{MODE[tf]}\n" for tf in MOTIF))
