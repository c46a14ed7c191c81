/* html.c - the frame that all pages share. */
#include "config.h"
#include "explain/html.h"
#include "explain/logo.h"
#include "util/xml.h"
#include <ctype.h>
#include <stdlib.h>
#include <time.h>

void tfb_html_id(FILE *f, const char *prefix, const char *text)
{
    fputs(prefix, f);
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || *text == '-')
            fputc(*text, f);
        else
            fprintf(f, "_%02x", (unsigned char)*text);
}

static const char style[] =
    ":root{color-scheme:light}*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica "
    "Neue',Arial,sans-serif;color:#1c2733;background:#fff;"
    "margin:0 auto;padding:1.2rem 1.4rem 3rem;max-width:74rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0}h2{font-size:1.2rem;margin:2.2rem 0 "
    ".6rem;padding-bottom:.2rem;border-bottom:2px solid #dbe3ea}"
    "h3{font-size:1.02rem;margin:1.4rem 0 .3rem}p{margin:.5rem "
    "0;max-width:52rem}a{color:#0b5cad}a:hover{text-decoration:none}"
    ".sub,figcaption,.facts{color:#52616f;font-size:.88rem}.facts{display:grid;grid-template-columns:max-content "
    "1fr;gap:.1rem .9rem;margin:.5rem 0 .9rem}"
    ".facts dt{font-weight:600}.facts dd{margin:0;overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0}"
    "th,td{padding:.28rem .6rem;border-bottom:1px solid "
    "#e3e9ee;text-align:left;vertical-align:middle}th{background:#f3f6f9;font-weight:600;"
    "vertical-align:bottom}td.n,th.n{text-align:right;white-space:nowrap}td.b{overflow-wrap:anywhere;min-width:8.2rem}"
    ".v td.b{min-width:4.5rem}.v td.g{white-space:nowrap}"
    "th[tabindex]{cursor:pointer;text-decoration:underline dotted}"
    "th[aria-sort=descending]::after{content:' \\25BE'}th[aria-sort=ascending]::after{content:' \\25B4'}"
    ".up{color:" TFB_UP "}.down{color:" TFB_DOWN "}.few td{color:#6b7885}.few svg{opacity:.45}"
    ".cards{display:flex;flex-wrap:wrap;gap:.7rem;margin:1rem 0;padding:0;list-style:none}"
    ".cards li{border:1px solid #dbe3ea;border-radius:8px;padding:.5rem .9rem;min-width:7rem}.cards "
    "b{display:block;font-size:1.35rem}"
    "svg{max-width:100%;height:auto;vertical-align:middle}td svg{max-width:none}figure{margin:.5rem "
    "0;break-inside:avoid;overflow-x:auto}"
    "section.v{border:1px solid #dbe3ea;border-radius:8px;padding:.4rem 1rem .8rem;"
    "margin:1rem 0;break-inside:avoid}section:target,tr:target{background:#fff8e1}nav{margin:.4rem 0 1rem}nav "
    "a{margin-right:1rem}"
    "@media(max-width:40rem){body{padding:.8rem .8rem 2rem;font-size:14px}th,td{padding:.25rem .35rem}"
    ".facts{grid-template-columns:1fr}.facts dd{margin-bottom:.3rem}.cards{gap:.4rem}.cards li{padding:.3rem "
    ".6rem;min-width:0}"
    "section.v{padding:.3rem .6rem}section.v svg{max-width:none}"
    "table.v,table.v tbody,table.v thead{display:block}table.v thead{display:none}"
    "table.v tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .8rem;padding:.5rem .2rem;border-bottom:1px "
    "solid "
    "#dbe3ea}table.v td{border:0;padding:0}"
    "table.v td.n{text-align:left}table.v td.tf,table.v td.d,table.v td.c{font-weight:600;font-size:1.05rem}"
    "table.v td{order:2}table.v td:first-child,table.v td.tf,table.v td.d,table.v td.c{order:0}"
    "table.v tr::before{content:'';flex-basis:100%;order:1}table.v td.b{min-width:0}"
    "td.r::before{content:'REF '}td.a::before{content:'ALT '}td.o::before{content:'log odds '}"
    "td.p::before{content:'percentile '}td.q::before{content:'PHRED '}"
    "table.v td::before{color:#52616f;font-weight:400}table.t{font-size:12px}table.t th,table.t td{padding:.2rem "
    ".25rem}"
    "table.t .m{display:none}}"
    "@page{margin:12mm}@media "
    "print{body{font-size:9pt;max-width:none;padding:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "nav{display:none}a{color:inherit;text-decoration:none}th,td{padding:.14rem "
    ".4rem}td.b{min-width:6.4rem}section.v{padding:.1rem .6rem;margin:.5rem 0}"
    "section.v "
    "svg{width:auto;max-height:104mm}section:target,tr:target{background:none}.wide,figure{overflow:visible}td "
    "svg{max-width:100%}th{text-decoration:none!important}"
    "tr,section.v{break-inside:avoid}thead{display:table-header-group}h2,h3,h2+p,h2+.sub{break-after:avoid}}";

/* Sorts a table by a column when its heading is pressed: numbers with the largest first, text from A; pressed again,
 * the other way round. Cells without a value stay last. Figures that are wider than the
 * screen begin with their middle, the variant. */
static const char script[] =
    "document.querySelectorAll('table.s').forEach(function(t){t.querySelectorAll('th').forEach(function(h,i){"
    "var o=t.tBodies[0];h.tabIndex=0;"
    "function key(r){var s=r.cells[i].textContent.trim();return /^[-+.]?\\d/.test(s)?parseFloat(s):s}"
    "h.onkeydown=function(e){if(e.key=='Enter'||e.key==' '){e.preventDefault();h.onclick()}};"
    "h.onclick=function(){var was=h.getAttribute('aria-sort'),"
    "down=was?was=='ascending':typeof key(o.rows[0])=='number';"
    "t.querySelectorAll('th').forEach(function(e){e.removeAttribute('aria-sort')});"
    "h.setAttribute('aria-sort',down?'descending':'ascending');"
    "Array.from(o.rows).sort(function(x,y){x=key(x);y=key(y);var n=typeof x=='number',m=typeof y=='number';"
    "if(n!=m)return n?-1:1;if(x=='.'||y=='.')return(x=='.')-(y=='.');"
    "var d=n?x-y:x.localeCompare(y,'en',{numeric:true});return "
    "down?-d:d}).forEach(function(r){o.appendChild(r)})}})});"
    "document.querySelectorAll('section.v figure').forEach(function(f){f.scrollLeft=(f.scrollWidth-f.clientWidth)/2});";

void tfb_html_begin(FILE *f, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"generator\" content=\"tfbind " PACKAGE_VERSION "\">\n<title>",
          f);
    tfb_xml_put(f, title);
    fprintf(f, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    tfb_xml_put(f, title);
    fputs("</h1>\n", f);
}

/* Writes the day: today, or that of SOURCE_DATE_EPOCH, which makes pages reproducible. UTC. */
static void put_day(FILE *f)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL, day[32];
    struct tm tm;
    long long given = epoch ? strtoll(epoch, &end, 10) : 0;
    time_t t = epoch && end > epoch && !*end ? (time_t)given : time(NULL);
    if (gmtime_r(&t, &tm) && strftime(day, sizeof day, "%Y-%m-%d", &tm)) fputs(day, f);
}

void tfb_html_fact(FILE *f, const char *what, const char *text)
{
    fprintf(f, "<dt>%s</dt><dd>", what);
    tfb_xml_put(f, text);
    fputs("</dd>\n", f);
}

void tfb_html_made(FILE *f, const char *command)
{
    fputs("<dt>Made</dt><dd>", f);
    put_day(f);
    fputs(" by tfbind " PACKAGE_VERSION, f);
    if (command) {
        fputs(": <code>", f);
        tfb_xml_put(f, command);
        fputs("</code>", f);
    }
    fputs("</dd>\n</dl>\n", f);
}

void tfb_html_end(FILE *f) { fprintf(f, "<script>%s</script>\n</body>\n</html>\n", script); }
