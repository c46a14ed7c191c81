process TFBIND_ANNOTATE {
    tag "$meta.id"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container "${ task.ext.container ?: 'tfbind:0.1.0' }"

    input:
    tuple val(meta) , path(vcf), path(index), path(regions)
    tuple val(meta2), path(models)
    tuple val(meta3), path(fasta), path(fai), path(gzi)

    output:
    tuple val(meta), path("*.{bcf,vcf,vcf.gz}"), emit: vcf
    tuple val(meta), path("*.csi")             , emit: csi, optional: true
    tuple val(meta), path("*.tbi")             , emit: tbi, optional: true
    tuple val("${task.process}"), val('tfbind'), eval("tfbind --version | sed -n 's/^tfbind //p'"), topic: versions, emit: versions_tfbind

    when:
    task.ext.when == null || task.ext.when

    script:
    def args         = task.ext.args ?: ''
    def prefix       = task.ext.prefix ?: "${meta.id}.tfbind"
    def extension    = args.contains("--output-type v") || args.contains("-Ov") ? "vcf" :
                       args.contains("--output-type z") || args.contains("-Oz") ? "vcf.gz" :
                       "bcf"
    def model_list   = [ models ].flatten().join(',')
    def regions_file = regions ? "--regions-file ${regions}" : ''
    if ("$vcf" == "${prefix}.${extension}") {
        error "Input and output names are the same, set prefix in module configuration to disambiguate!"
    }
    """
    tfbind \\
        annotate \\
        $args \\
        $regions_file \\
        --model $model_list \\
        --fasta-ref $fasta \\
        --threads $task.cpus \\
        --output ${prefix}.${extension} \\
        $vcf
    """

    stub:
    def args         = task.ext.args ?: ''
    def prefix       = task.ext.prefix ?: "${meta.id}.tfbind"
    def extension    = args.contains("--output-type v") || args.contains("-Ov") ? "vcf" :
                       args.contains("--output-type z") || args.contains("-Oz") ? "vcf.gz" :
                       "bcf"
    def index        = args.contains("--write-index=tbi") || args.contains("-W=tbi") ? "tbi" :
                       args.contains("--write-index") || args.contains("-W") ? "csi" :
                       ""
    def create       = extension == "vcf.gz" ? "echo '' | gzip >" : "touch"
    def create_index = index ? "touch ${prefix}.${extension}.${index}" : ""
    """
    $create ${prefix}.${extension}
    $create_index
    """
}
