/* tfbind.c - the bcftools plugin: about, version, run. The rest is the program's annotate, with the host's htslib.
 *
 * Only these three names are exported: the host exports common names (error, open_file, ...), to which a plugin's
 * globals would bind. */
#include "cmd/cmd.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/hts.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *about(void);
EXPORT void version(const char **bcftools, const char **htslib);
EXPORT int run(int argc, char **argv);

__attribute__((weak)) const char *bcftools_version(void);

EXPORT const char *about(void)
{
    return "Predict how variants change transcription-factor binding, with neural networks.\n";
}

/* The release of htslib whose headers this was compiled with: HTS_VERSION is XYYYZZ. */
static const char *built_with(void)
{
    static char text[32];
    int x = HTS_VERSION / 100000, y = HTS_VERSION / 100 % 1000, z = HTS_VERSION % 100;
    snprintf(text, sizeof text, z ? "%d.%d.%d" : "%d.%d", x, y, z);
    return text;
}

/* Sets the versions that the host compares with its own; it warns if they differ. No bcftools code is compiled in, so
 * any bcftools version fits. htslib's structures are compiled in, so this is the release of their headers. A host
 * between two releases (1.16-12-gabcdef) counts as the earlier one, as in its headers. */
EXPORT void version(const char **bcftools, const char **htslib)
{
    const char *built = built_with(), *host = hts_version();
    size_t n = strlen(built);
    *bcftools = bcftools_version ? bcftools_version() : "unknown";
    *htslib = strncmp(host, built, n) == 0 && (host[n] == '-' || host[n] == '+') ? host : built;
}

EXPORT int run(int argc, char **argv)
{
    errno = 0;
    tfb_run_begin();
    int status = tfb_cmd_end(tfb_cmd_annotate_as(argc, argv, "bcftools_tfbind", "bcftools +tfbind", 255), 255);
    tfb_run_end();
    return status;
}
