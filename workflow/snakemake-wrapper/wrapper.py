"""Annotates variants with tfbind. meta.yaml describes inputs and parameters."""
import shlex

from snakemake.shell import shell

log = snakemake.log_fmt_shell(stdout=False, stderr=True)
extra = snakemake.params.get("extra", "")
output = str(snakemake.output[0])

kinds = {".vcf": "v", ".vcf.gz": "z", ".bcf": "b"}
kind = next((k for end, k in kinds.items() if output.endswith(end)), None)
if kind is None:
    raise ValueError(f"the output {output} ends in none of {', '.join(kinds)}")

options = []


def add(option, files):
    """An input that may be one file, several, or absent."""
    files = [files] if isinstance(files, str) else list(files or [])
    if files:
        options.append(f"{option} {shlex.quote(','.join(map(str, files)))}")


add("-m", snakemake.input.get("model") or snakemake.params.get("model"))
add("-f", snakemake.input.ref)
add("-R", snakemake.input.get("regions"))
add("--open", snakemake.input.get("open"))
add("--expressed", snakemake.input.get("expressed"))
index = [o for o in snakemake.output[1:] if str(o).endswith((".csi", ".tbi"))]
if index:
    options.append("-W=tbi" if str(index[0]).endswith(".tbi") else "-W=csi")
options = " ".join(options)

shell(
    "tfbind annotate {options} -O {kind} -@ {snakemake.threads} {extra}"
    " -o {snakemake.output[0]:q} {snakemake.input.vcf:q} {log}"
)
