/* tfbind.c - the bcftools plugin: about, version, run. Everything else is the program's annotate, under the host's htslib.
 *
 * Only these three names are exported: the host exports ordinary ones (error, open_file, ...) to which a plugin's globals would bind. */
#include "cmd/cmd.h"
#include <errno.h>
#include <htslib/hts.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *about(void);
EXPORT void version(const char **bcftools, const char **htslib);
EXPORT int run(int argc, char **argv);

__attribute__((weak)) const char *bcftools_version(void);

EXPORT const char *about(void) { return "Predict how variants change transcription-factor binding, with neural networks.\n"; }

/* The host compares these with its own and warns where they differ: whatever loads us is right. */
EXPORT void version(const char **bcftools, const char **htslib)
{
    *bcftools = bcftools_version ? bcftools_version() : "unknown";
    *htslib = hts_version();
}

EXPORT int run(int argc, char **argv)
{
    errno = 0;
    return tfb_cmd_end(tfb_cmd_annotate_as(argc, argv, "bcftools_tfbind", "bcftools +tfbind", 255), 255);
}
