# What the header says of each tag, and lists of names from files of other systems.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
$TFBIND model --calibrate -f ref.fa -l labels.bed --n 500 --precision 0.3 \
    -o calibrated.safetensors tiny.safetensors 2> err.txt
A="$TFBIND annotate -v 0 --no-version -f ref.fa -m calibrated.safetensors"
lines() { grep -o '^##[A-Z]*=<ID=TFB[^(]*' | sed 's/  *$//'; }
sed 's/GT	0\/1/GT	0|1/; s/\tGT\t0\/1/\tGT\t0|1/' in.vcf > phased.vcf
{
    $A in.vcf | lines
    $A --tf CTCF --csq in.vcf | lines
    $A --tf CTCF --haplotypes phased.vcf | lines | grep HAP
} > got.txt
call='which alleles reach its threshold, by a change at percentile 95 or above'
cat > want.txt << END
##INFO=<ID=TFB_TOP,Number=A,Type=String,Description="TF whose binding probability changes most between REF and ALT
##INFO=<ID=TFB_REF,Number=A,Type=Float,Description="Probability that the TF in TOP binds the REF allele
##INFO=<ID=TFB_ALT,Number=A,Type=Float,Description="Probability that the TF in TOP binds the ALT allele
##INFO=<ID=TFB_DELTA,Number=A,Type=Float,Description="Change of the probability that the TF in TOP binds, ALT - REF
##INFO=<ID=TFB_LOR,Number=A,Type=Float,Description="Change of the log odds
##INFO=<ID=TFB_PCT,Number=A,Type=Float,Description="Percentile of the change of probability of the TF in TOP among random SNVs
##INFO=<ID=TFB_CALL,Number=A,Type=String,Description="gain, loss or change of a site of the TF in TOP: $call
##INFO=<ID=TFB_PHRED,Number=A,Type=Float,Description="-10 log10 of the share of random SNVs with at least this combined change of all TFs
##INFO=<ID=TFB_CTCF,Number=R,Type=Float,Description="Probability that CTCF binds the window around each allele
##INFO=<ID=TFB_CTCF_DELTA,Number=A,Type=Float,Description="Change of the probability that CTCF binds, ALT - REF
##INFO=<ID=TFB_CTCF_LOR,Number=A,Type=Float,Description="Change of the log odds
##INFO=<ID=TFB_CTCF_PCT,Number=A,Type=Float,Description="Percentile of the change of probability of CTCF among random SNVs
##INFO=<ID=TFB_CTCF_CALL,Number=A,Type=String,Description="gain, loss or change of a site of CTCF: $call
END
grep -v 'HAP\|CSQ' got.txt > plain.txt
same 'what the header says of each tag' want.txt plain.txt
[ "$(grep -c 'HAP' got.txt)" = 2 ] && [ "$(grep -c 'CSQ' got.txt)" = 1 ]
verdict $? 'haplotypes and CSQ have lines' "$(cat got.txt)"

# lists of names: a byte-order mark and the ends of lines of other systems; what is no text is an error
S='--spec conv 4 7; relu; pool 4; dense 0'
P="$TFBIND pretrain -v 1 -f ref.fa -l labels.bed -e 1"
printf '\xef\xbb\xbfSPI1\r\nCTCF\r\n' > names.txt
$P "${S%% *}" "${S#* }" --targets @names.txt -o named.safetensors 2> err.txt
[ "$($TFBIND model named.safetensors | grep -c '^target.*\(SPI1\|CTCF\)')" -ge 1 ] &&
    [ "$($TFBIND model --list named.safetensors | cut -f 1 | grep -c 'CTCF\|SPI1')" = 2 ]
verdict $? 'a list with a byte-order mark' "$(head -n 1 err.txt)"
printf 'SPI1\0CTCF\n' > zero.txt
fails 'a list with a zero byte' 'zero.txt:1' $P "${S%% *}" "${S#* }" --targets @zero.txt -o zero.safetensors
printf '\xef\xbb\xbfSPI1\t2\r\n' > weights.txt
check 'weights with a byte-order mark' $P "${S%% *}" "${S#* }" --weights weights.txt -o weighed.safetensors
printf '\xff\xfeS\0P\0' > wide.txt
fails 'weights in UTF-16' 'UTF-16' $P "${S%% *}" "${S#* }" --weights wide.txt -o wide.safetensors
