# Options that change what a network sees in training: noise on the input.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
P="$TFBIND pretrain -v 1 -f ref.fa -l labels.bed.gz --valid chr2"
# train NAME OPTION...: NAME.w gets the weights of a small model
train() {
    local name=$1
    shift
    $P --spec 'conv 8 5; bn; relu; pool 4; dense 0' -e 3 -b 32 "$@" -o "$name.safetensors" &&
        tail -c 1000 "$name.safetensors" > "$name.w"
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
! train stopped --augment noise=0.3 --resume 2> err.txt && grep -q 'is of another run' err.txt
verdict $? 'a checkpoint with other noise is of another run' "$(head -n 1 err.txt)"
train stopped --augment noise=0.2 --resume
same 'resumed = uninterrupted' noise.w stopped.w
