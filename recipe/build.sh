#!/bin/bash
# build.sh - as conda-build runs it: PREFIX is where things go, CPU_COUNT how many processors there
# are. HTSLIB names another prefix of htslib.
set -eu
[ -x configure ] || autoreconf -i
# bcftools of bioconda looks for plugins in libexec/bcftools
./configure --prefix="$PREFIX" --with-htslib="${HTSLIB:-$PREFIX}" --without-mpi --with-libzip \
    --with-bcftools-plugindir="$PREFIX/libexec/bcftools"
make -j "${CPU_COUNT:-1}"
make install
