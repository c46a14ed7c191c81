# Options that change what a network sees in training: noise on the input, draws by TF, large batches.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
P="$TFBIND pretrain -v 1 -f ref.fa -l labels.bed.gz --valid chr2"
# train NAME OPTION...: NAME.w gets the weights of a small model
train() {
    local name=$1
    shift
    $P --spec 'conv 8 5; bn; relu; pool 4; dense 0' -e 3 -b 32 "$@" -o "$name.safetensors" &&
        weights "$name"
}
# differ NAME FILE FILE
differ() {
    ! cmp -s "$2" "$3"
    verdict $? "$1"
}

# noise
train plain && train shift --augment shift=5
train noise --augment noise=0.2 -@ 1
train noise3 --augment noise=0.2 -@ 3
same '--augment noise=0.2: 3 threads = 1' noise.w noise3.w
differ '--augment noise=0.2 changes the model' plain.w noise.w
train noise0 --augment noise=0
same '--augment noise=0 is no change' plain.w noise0.w
train both --augment shift=5,noise=0.2
differ 'noise beside other changes' shift.w both.w
train clean --augment noise=0.2 --clean 3
same '--clean: no noise in the last epochs' plain.w clean.w
train seed2 --augment noise=0.2 --seed 2
differ 'another seed, other noise' noise.w seed2.w
fails 'noise beyond 10' 'noise=DEVIATION (up to 10)' $P --augment noise=11 -o x.safetensors
# resumed by 2 epochs more: the noise of an epoch is a function of seed and epoch
ln -s /dev/full stopped.safetensors
! train stopped --augment noise=0.2 -e 2 2> /dev/null && rm stopped.safetensors
! train stopped --augment noise=0.3 --resume 2> err.txt && grep -q 'belongs to a different run' err.txt
verdict $? 'a checkpoint with other noise is of another run' "$(head -n 1 err.txt)"
train stopped --augment noise=0.2 --resume
same 'resumed = uninterrupted' noise.w stopped.w

# draws by TF
train even --task-balance 1 -@ 1
train even3 --task-balance 1 -@ 3
same '--task-balance 1: 3 threads = 1' even.w even3.w
differ '--task-balance 1 changes the model' plain.w even.w
train even0 --task-balance 0
same '--task-balance 0 is no change' plain.w even0.w
train half --task-balance 0.5
differ '--task-balance 0.5 is another one' half.w even.w
train noisy --task-balance 1 --augment shift=5,noise=0.2 -@ 1
train noisy3 --task-balance 1 --augment shift=5,noise=0.2 -@ 3
same 'with --augment: 3 threads = 1' noisy.w noisy3.w
ln -s /dev/full drawn.safetensors
! train drawn --task-balance 1 -e 2 2> /dev/null && rm drawn.safetensors
! train drawn --resume 2> err.txt && grep -q 'belongs to a different run' err.txt
verdict $? 'a checkpoint with other draws is of another run' "$(head -n 1 err.txt)"
train drawn --task-balance 1 --resume
same 'draws: resumed = uninterrupted' even.w drawn.w

# moderate labels
train smooth0 --smooth 0
same '--smooth 0 is no change' plain.w smooth0.w
train smooth --smooth 0.2 -@ 1
train smooth3 --smooth 0.2 -@ 3
same '--smooth 0.2: 3 threads = 1' smooth.w smooth3.w
differ '--smooth 0.2 changes the model' plain.w smooth.w
ln -s /dev/full moderate.safetensors
! train moderate --smooth 0.2 -e 2 2> /dev/null && rm moderate.safetensors
! train moderate --resume 2> err.txt && grep -q 'belongs to a different run' err.txt
verdict $? 'a checkpoint with --smooth is of another run' "$(head -n 1 err.txt)"
train moderate --smooth 0.2 --resume
same '--smooth: resumed = uninterrupted' smooth.w moderate.w
fails '--smooth beyond 0.5' '--smooth takes a number from 0 to 0.5' $P --smooth 0.6 -o x.safetensors
fails '--task-balance beyond 1' '--task-balance takes a number from 0 to 1' $P --task-balance 2 -o x.safetensors

# large batches: of all examples, and larger than there are
train large -b 4096 -@ 1 && train large3 -b 4096 -@ 3
same 'a batch larger than the data: 3 threads = 1' large.w large3.w
train whole -b 320
same 'a batch larger than the data is all of them' large.w whole.w
