# Training by several processes over MPI: the same model as one process with the whole batch;
# resumed, killed, unreadable inputs; and between two network namespaces.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dropout 0.2; dense 0'
T="$TFBIND pretrain -f ref.fa -l labels.bed.gz --valid chr2 -@ 1"

# neither the plugin nor the library has anything to do with it
for f in "$PLUGIN_DIR/tfbind.so" "$PLUGIN_DIR/../libtfbind.so"; do
    if readelf -d "$f" > so.txt 2> /dev/null; then
        ! grep -qi 'libmpi\|libpmix\|libopen' so.txt
        verdict $? "$(basename "$f") is not linked with MPI"
    fi
done
# alone it says nothing that it would not say without MPI
$T --spec "$S" -e 1 -b 32 -o alone.safetensors > alone.txt 2>&1
[ -s alone.safetensors ] && ! grep -v '^\[tfbind pretrain\] ' alone.txt | grep -q . && ! grep -q rank alone.txt
verdict $? 'without mpirun it trains as ever' "$(grep -v '^\[tfbind pretrain\] ' alone.txt | head -n 1)"

if ! ldd "$TFBIND" 2> /dev/null | grep -q libmpi; then
    OMPI_COMM_WORLD_SIZE=2 fails 'without MPI, several processes are refused' 'was built without MPI' $T \
        --spec "$S" -e 1 -o x.safetensors
    OMPI_COMM_WORLD_SIZE=1 check 'without MPI, one process under mpirun is one process' $T --spec "$S" -e 1 \
        -o x.safetensors
    echo 'skip ranks: this tfbind was built without MPI'
    exit 0
fi
# the launcher of the MPI that it was built with
if ldd "$TFBIND" |
    grep -q libmpich; then mpi=MPICH mpirun=mpirun.mpich; else mpi='Open MPI' mpirun=mpirun.openmpi; fi
command -v $mpirun > /dev/null || mpirun=mpirun
$mpirun --version 2> /dev/null | grep -q 'HYDRA\|Open MPI\|OpenRTE' || {
    echo "skip ranks: there is no mpirun of $mpi"
    exit 0
}
# the machine may have fewer processors than there are ranks, and its container may forbid what
# speeds copies up
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
M="timeout -k 5 60 $mpirun"

# alike NAME TOLERANCE FILE FILE: the largest difference of two models' numbers, weights and running
# statistics
cat > alike.pl << 'P'
my ($name, $tol, @f) = @ARGV; my @v;
for (@f) {
    local $/;
    open F, $_ or do { print "not ok $name: no $_\n"; exit };
    binmode F;
    my $s = <F>;
    my $n = unpack('Q<', $s);
    my @x = unpack('f<*', substr($s, 8 + $n));
    push @v, \@x;
}
my ($worst, $moved) = (0, 0);
for (0 .. $#{$v[0]}) { my $d = abs($v[0][$_] - $v[1][$_]); $worst = $d unless $d <= $worst }
print @{$v[0]} == @{$v[1]} && @{$v[0]} > 100 && $worst <= $tol ? "ok $name\n"
    : "not ok $name: " . @{$v[0]} . " and " . @{$v[1]} . " numbers that differ by up to $worst\n";
P
alike() { perl alike.pl "$@"; }

# batch norm, dropout, averages, weights of targets, a falling rate; 314 examples in batches of 24,
# at whose end two ranks of four have none
O="--regions 157 --schedule cosine --average 0.98 --balance 0.3 --weights weights.tsv --decay 0.01 -e 4"
printf "SPI1\t3\n" > weights.tsv
$T --spec "$S" $O -b 24 -o one.safetensors 2> one.txt
for n in 2 4; do
    $M -n $n $T --spec "$S" $O -b $((24 / n)) -o $n.safetensors 2> $n.txt || head -n 5 $n.txt >&2
    alike "$n ranks = one process with $n times the batch, to 1e-4" 1e-4 one.safetensors $n.safetensors
    grep -o 'epoch [0-9].* valid [0-9.]*' one.txt > a.txt
    grep -o 'epoch [0-9].* valid [0-9.]*' $n.txt > b.txt
    [ "$(wc -l < b.txt)" = 4 ] &&
        same "$n ranks: one line an epoch, with the losses of one process" a.txt b.txt ||
        echo "not ok $n ranks: one line an epoch: $(wc -l < b.txt)"
    ok_if "$n ranks say so" grep -q "$n ranks on 1 machine, 1 thread each" $n.txt
done
$M -n 4 $T --spec "$S" $O -b 6 -o 4.again -@ 2 2> /dev/null
tail -c 4000 4.safetensors > a.tail
tail -c 4000 4.again > b.tail
same '4 ranks: bit for bit the same in every run, and on 2 threads each' a.tail b.tail
$TFBIND model 4.safetensors > a.txt; ok_if 'the model knows how many ranks trained it' grep -qx 'ranks	4' a.txt
if [ -z "$SANITIZED" ]; then
    D='conv 8 5; relu; pool 4; dropout 0.2; bilstm 6 2 0.5; dense 12; relu; dense 0' # DanQ in small
    $T --spec "$D" -e 3 -b 32 -o d1.safetensors 2> /dev/null
    $M -n 2 $T --spec "$D" -e 3 -b 16 -o d2.safetensors 2> d.txt
    alike 'a recurrent network: 2 ranks = one process, to 1e-4' 1e-4 d1.safetensors d2.safetensors
    # other processors round otherwise
    $M -n 1 env TFBIND_CPU=plain $T --spec "$S" $O -b 12 -o mixed.safetensors : -n 1 env TFBIND_CPU=vec128 \
        $T --spec "$S" $O -b 12 -o mixed.safetensors 2> mixed.txt
    alike 'ranks on processors of two kinds = one process, to 1e-4' 1e-4 one.safetensors mixed.safetensors
fi
# what a network sees is a function of the seed and the example, not of the rank that has it
N="--augment shift=5,noise=0.2 --task-balance 0.7 --select auprc -e 4"
$T --spec "$S" $N -b 24 --curves n1.tsv -o n1.safetensors 2> n1.txt
for n in 2 4; do
    $M -n $n $T --spec "$S" $N -b $((24 / n)) --curves n$n.tsv -o n$n.safetensors 2> n$n.txt || head -n 5 n$n.txt >&2
    alike "noise and draws: $n ranks = one process, to 1e-4" 1e-4 n1.safetensors n$n.safetensors
    [ "$(grep -c 'valid .* AUPRC' n$n.txt)" = 4 ] &&
        same "$n ranks: the losses and AUPRC of one process" \
            <(grep -o 'epoch [0-9].* AUPRC [0-9.]*' n1.txt) <(grep -o 'epoch [0-9].* AUPRC [0-9.]*' n$n.txt) ||
        echo "not ok $n ranks: one line an epoch with AUPRC"
    awk -F'\t' '
        NR == FNR { for (i = 1; i <= NF; i++) v[FNR, i] = $i; rows = FNR; next }
        { for (i = 1; i <= NF; i++) if (i < 3 ? $i != v[FNR, i] : ($i - v[FNR, i]) ^ 2 > 1e-6) bad = 1 }
        END { exit bad || FNR != rows || rows < 10 }' n1.tsv n$n.tsv
    verdict $? "$n ranks: the curves of one process"
done
# a whole batch of several thousand, more than there are examples
$T --spec "$S" -e 3 -b 4096 -o l1.safetensors 2> /dev/null
$M -n 2 $T --spec "$S" -e 3 -b 2048 -o l2.safetensors 2> /dev/null
alike 'a batch of 4096: 2 ranks = one process, to 1e-4' 1e-4 l1.safetensors l2.safetensors
F="$TFBIND finetune --from one.safetensors --allow-leak --target SPI1 -f ref.fa -l labels.bed.gz"
F="$F --valid chr2 -e 2 --freeze conv -@ 1"
$F -b 16 -o f1.safetensors 2> /dev/null
$M -n 2 $F -b 8 -o f2.safetensors 2> f.txt
alike 'finetune: 2 ranks = one process, to 1e-4' 1e-4 f1.safetensors f2.safetensors

# a model that cannot be written: rank 0's failure ends all, and the checkpoint stays
ln -s /dev/full r.safetensors
! $M -n 2 $T --spec "$S" --average 0.98 -b 16 -e 2 -o r.safetensors > /dev/null 2> r.txt
verdict $? 'a model that cannot be written is an error'
rm r.safetensors
$T --spec "$S" --average 0.98 -b 32 -e 4 -o whole.safetensors 2> /dev/null
if [ -s r.safetensors.ckpt ]; then
    cp r.safetensors.ckpt s.safetensors.ckpt
    $M -n 2 $T --spec "$S" --average 0.98 -b 8 -e 4 -o r.safetensors --resume > /dev/null 2> r.txt &&
        echo 'not ok another batch is another run' ||
        {
            [ "$(grep -c 'belongs to a different run' r.txt)" = 1 ]
            verdict $? 'another batch is another run, said once' "$(head -n 1 r.txt)"
        }
    $M -n 4 $T --spec "$S" --average 0.98 -b 8 -e 4 -o r.safetensors --resume 2> r.txt
    grep -q 'resuming after epoch 2' r.txt &&
        alike '2 ranks, resumed by 4 = one process uninterrupted, to 1e-4' 1e-4 whole.safetensors r.safetensors ||
        echo "not ok resumed by 4: $(head -n 1 r.txt)"
    $T --spec "$S" --average 0.98 -b 32 -e 4 -o s.safetensors --resume 2> /dev/null
    alike '2 ranks, resumed by one process = uninterrupted, to 1e-4' 1e-4 whole.safetensors s.safetensors
    ok_if 'the checkpoint is removed at the end' [ ! -e r.safetensors.ckpt ]
else echo 'not ok a checkpoint stays if the model cannot be written'; fi

# what one rank cannot read ends all, and is said once; mpirun takes its time to end, so these run
# beside each other
trial() { local name=$1; shift; timeout -k 5 60 $mpirun "$@" > /dev/null 2> $name.txt; echo $? > $name.status; }
ended() {
    [ "$(cat $1.status)" != 0 ] && [ "$(cat $1.status)" -lt 124 ] && [ ! -e $1.safetensors ] && grep -q "$2" $1.txt
    verdict $? "$3" "status $(cat $1.status), $(grep -m 1 error $1.txt)"
}
sed 5d labels.bed | bgzip -c > fewer.bed.gz
trial u -n 1 $T --spec "$S" -e 1 -b 16 -o u.safetensors : -n 1 ${T/labels.bed.gz/gone.bed.gz} --spec "$S" -e 1 \
    -b 16 -o u.safetensors &
trial v -n 4 ${T/labels.bed.gz/gone.bed.gz} --spec "$S" -e 1 -b 16 -o v.safetensors &
trial w -n 3 $T --spec "$S" -e 1 -b 16 -o w.safetensors : -n 1 ${T/labels.bed.gz/fewer.bed.gz} --spec "$S" -e 1 \
    -b 16 -o w.safetensors &
wait
ended u 'error: rank 1: .*gone.bed.gz' 'a rank that cannot read its input ends all, and says why'
ended v 'gone.bed.gz' 'what no rank can read ends all'
[ "$(grep -c 'gone.bed.gz' v.txt)" = 1 ]
verdict $? 'what no rank can read is said once' "$(grep -c 'gone.bed.gz' v.txt) times"
ended w 'error: rank 3: .*differ from those of rank 0' 'a rank with other data ends all'

# a rank killed: the others end, soon, and what was done so far is not lost
rank_pid() { # MODEL RANK: the process that trains this model as that rank
    for p in /proc/[0-9]*; do
        tr '\0' ' ' < $p/cmdline 2> /dev/null | grep -q "^$TFBIND pretrain .*$1" &&
            tr '\0' '\n' < $p/environ 2> /dev/null | grep -qx "\(OMPI_COMM_WORLD\|PMI\)_RANK=$2" &&
            echo ${p#/proc/}
    done
}
# where MPICH says it, and where Open MPI does
$mpirun -n 3 $T --spec "$S" -e 100000 -b 8 -o k.safetensors > k.out 2> k.txt &
job=$!
for i in $(seq 200); do [ -s k.safetensors.ckpt ] && break; sleep 0.05; done
victim=$(rank_pid k.safetensors 1)
[ -n "$victim" ] && kill -9 $victim
for i in $(seq 200); do kill -0 $job 2> /dev/null || break; sleep 0.05; done
if kill -0 $job 2> /dev/null; then
    echo 'not ok a killed rank ends all: they go on'
    kill -9 $job
else
    wait $job && echo 'not ok a killed rank ends all: status 0' || {
        [ -n "$victim" ] && grep -q 'signal 9' k.out k.txt
        verdict $? 'a killed rank ends all, with a message' "$(tail -n 2 k.txt | head -n 1)"
    }
fi
ok_if 'no model is written' [ ! -e k.safetensors ]
n=$(grep -c '\] epoch ' k.txt)
$M -n 2 $T --spec "$S" -e $((n + 2)) -b 12 -o k.safetensors --resume 2> k.txt
grep -q 'resuming after epoch' k.txt && [ -s k.safetensors ]
verdict $? 'the others resume without it' "$(head -n 1 k.txt)"
# asked to stop, all stop at the same step, in peace
$mpirun -n 2 $T --spec "$S" -e 100000 -b 16 -o i.safetensors > /dev/null 2> i.txt &
job=$!
for i in $(seq 200); do [ -s i.safetensors.ckpt ] && break; sleep 0.05; done
kill -TERM $(rank_pid i.safetensors 1)
for i in $(seq 200); do kill -0 $job 2> /dev/null || break; sleep 0.05; done
kill -0 $job 2> /dev/null && {
    kill -9 $job
    echo 'not ok one rank asked to stop stops all'
} || {
    grep -q 'stopped after epoch .* --resume to continue' i.txt && ! grep -q MPI_ABORT i.txt
    verdict $? 'one rank asked to stop stops all' "$(tail -n 1 i.txt)"
}

# two machines, as far as the network can tell: two namespaces with names and addresses of their own
# and a cable between them. In place of ssh mpirun gets a script that enters the other namespace.
A=tfb$$a B=tfb$$b
end_machines() { ip netns del $A; ip netns del $B; } 2> /dev/null
trap end_machines EXIT
if [ "$mpi" = MPICH ]; then
    echo 'skip two machines: the options of this test are those of Open MPI'
elif [ "$(id -u)" != 0 ] || ! command -v ip > /dev/null || ! command -v unshare > /dev/null; then
    echo 'skip two machines: network namespaces need root, ip and unshare'
elif ! { ip netns add $A &&
    ip netns add $B &&
    ip link add va$$ netns $A type veth peer name vb$$ netns $B &&
    ip -n $A addr add 10.213.7.1/24 dev va$$ &&
    ip -n $B addr add 10.213.7.2/24 dev vb$$ &&
    ip -n $A link set va$$ up &&
    ip -n $B link set vb$$ up &&
    ip -n $A link set lo up &&
    ip -n $B link set lo up &&
    ip netns exec $B unshare --uts true; } 2> net.txt; then
    echo "skip two machines: $(head -n 1 net.txt)"
else
    printf '#!/bin/sh\n# HOST COMMAND...\nshift\nexec ip netns exec %s unshare --uts sh -c "hostname tfb-b; $*"\n' \
        $B > agent.sh &&
        chmod +x agent.sh
    bytes() { ip netns exec $A cat /sys/class/net/va$$/statistics/tx_bytes; }
    there() { timeout -k 5 60 ip netns exec $A unshare --uts sh \
        -c "hostname tfb-a; exec mpirun --mca plm_rsh_agent $PWD/agent.sh --mca oob_tcp_if_include 10.213.7.0/24 \
        --mca btl tcp,self --mca btl_tcp_if_include 10.213.7.0/24 --mca mpi_yield_when_idle 1 --host 10.213.7.1:1,10.213.7.2:1 -n 2 $*"; }
    there $T --spec "'$S'" $O -b 12 -o far.safetensors 2> far.txt
    alike '2 machines = one process with twice the batch, to 1e-4' 1e-4 one.safetensors far.safetensors
    grep -q '2 ranks on 2 machines' far.txt
    verdict $? '2 machines are told apart' "$(grep -m 1 'ranks on\|rror' far.txt)"
    # 56 steps, in each half the gradient there and half its sum back: some 3000 numbers of 4 bytes
    n=$(bytes)
    [ "$n" -gt 500000 ]
    verdict $? 'what they said went over the cable' "$n bytes"
fi
