/* values.c - types of INFO and FORMAT values against what the header declares. */
#include "genome/values.h"
#include "util/util.h"
#include <inttypes.h>

/* Returns whether a value of this BCF type can be read as the type that the header declares;
 * htslib reads any bytes as text. */
static int fits(const bcf_hdr_t *hdr, int field, int key, int type)
{
    if (key < 0 || key >= hdr->n[BCF_DT_ID] || !hdr->id[BCF_DT_ID][key].val || !bcf_hdr_idinfo_exists(hdr, field, key))
        return 1; /* never requested */
    uint32_t declared = bcf_hdr_id2type(hdr, field, (uint32_t)key);
    int number = type == BCF_BT_INT8 || type == BCF_BT_INT16 || type == BCF_BT_INT32 || type == BCF_BT_FLOAT;
    return number || (declared != BCF_HT_INT && declared != BCF_HT_REAL);
}

static int misfit(const char *path, const bcf_hdr_t *hdr, bcf1_t *rec, const char *field, int key)
{
    tfb_error("%s: %s:%" PRId64 ": %s/%s does not hold the numbers that the header declares: the file is damaged", path,
              bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, field, bcf_hdr_int2id(hdr, BCF_DT_ID, key));
    return -1;
}

int tfb_values_check(const char *path, const bcf_hdr_t *hdr, bcf1_t *rec)
{
    if (bcf_unpack(rec, BCF_UN_ALL) < 0 || rec->errcode) {
        tfb_error("%s: %s:%" PRId64 ": the record is damaged", path, bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1);
        return -1;
    }
    for (int i = 0; i < rec->n_info; i++) {
        bcf_info_t *v = &rec->d.info[i];
        if (v->type == BCF_BT_NULL)
            v->vptr = NULL;
        else if (!fits(hdr, BCF_HL_INFO, v->key, v->type))
            return misfit(path, hdr, rec, "INFO", v->key);
    }
    for (int i = 0; i < (int)rec->n_fmt && rec->n_sample; i++) {
        bcf_fmt_t *v = &rec->d.fmt[i];
        if (v->type == BCF_BT_NULL)
            v->p = NULL;
        else if (!fits(hdr, BCF_HL_FMT, v->id, v->type))
            return misfit(path, hdr, rec, "FORMAT", v->id);
    }
    return 0;
}
