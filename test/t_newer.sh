# The same under another bcftools, such as the newest release beside the system's:
# TFBIND_BCFTOOLS2=/path/of/its/bcftools.
. "$SRCDIR/test/lib.sh"
if [ -z "${TFBIND_BCFTOOLS2:-}" ]; then echo 'skip a second bcftools: TFBIND_BCFTOOLS2 names none'; exit 0; fi
mkdir -p bin && ln -sf "$TFBIND_BCFTOOLS2" bin/bcftools
PATH=$PWD/bin:$PATH
second=$(bcftools --version | sed -n '1s/bcftools //p; 2s/Using //p' | tr '\n' ' ')
[ -n "$second" ] || { echo "not ok $TFBIND_BCFTOOLS2 is bcftools"; exit 1; }
for t in t_plugin t_annotate t_oracle t_damage t_same t_haplotypes t_contigs t_flow; do
    mkdir -p $t &&
        (cd $t &&
        TMP=$PWD bash "$SRCDIR/test/$t.sh" 2> err.txt) | sed "s/^\(ok\|not ok\|skip\) /&bcftools ${second}/"
done
