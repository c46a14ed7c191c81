# DanQ learns a planted motif: its layers in small, and with --slow the whole network. Dropout
# between the pool and the LSTM once worked in place on what the backward pass needs, and the network
# learnt next to nothing.
. "$SRCDIR/test/lib.sh"
awk -f "$SRCDIR/doc/made-up.awk" && samtools faidx genome.fa &&
    $TFBIND labels -v 1 -f genome.fa --samples peaks/sheet.tsv --width 104 -o l.bed peaks/open.bed || exit 1
# learns NAME LEAST OPTIONS...: the AUROC on the validation contig is LEAST or more
learns() {
    local name=$1 least=$2 auroc
    shift 2
    $TFBIND pretrain -f genome.fa -l l.bed --valid chr3 "$@" -o d.safetensors 2> log.txt
    auroc=$($TFBIND model --get valid_metrics d.safetensors | sed 's/.*"mean".*"auroc":\([0-9.]*\).*/\1/')
    awk -v a="${auroc:-0}" -v l="$least" 'BEGIN { exit !(a >= l) }'
    verdict $? "$name" "AUROC $auroc, $(tail -n 1 log.txt)"
}
S='Conv1=conv 32 16; relu; pool 13; dropout 0.2; BiLSTM=bilstm 16 2 0.5; Linear1=dense 64; relu; Linear2=dense 0'
learns 'the layers of DanQ in small' 0.85 --spec "$S" --rate 0.005 --batch 20 -e 15
if [ -n "$SLOW" ]; then learns 'DanQ' 0.85 -a danq --rate 0.001 --batch 10 -e 12; else echo 'skip DanQ: --slow'; fi
