/* html.c - the frame that all pages share. */
#include "config.h"
#include "explain/html.h"
#include "util/xml.h"
#include <ctype.h>
#include <stdlib.h>

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
    ".sub,figcaption,footer{color:#52616f;font-size:.88rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0}"
    "th,td{padding:.28rem .6rem;border-bottom:1px solid "
    "#e3e9ee;text-align:left;vertical-align:middle}th{background:#f3f6f9;font-weight:600;"
    "vertical-align:bottom}td.n,th.n{text-align:right;white-space:nowrap}td.b{overflow-wrap:anywhere;min-width:8.2rem}"
    ".up{color:#0b6b43}.down{color:#b3261e}.cards{display:flex;flex-wrap:wrap;gap:.7rem;margin:1rem "
    "0;padding:0;list-style:none}"
    ".cards li{border:1px solid #dbe3ea;border-radius:8px;padding:.5rem .9rem;min-width:8rem}.cards "
    "b{display:block;font-size:1.35rem}"
    "svg{max-width:100%;height:auto;vertical-align:middle}td svg{max-width:none}figure{margin:.5rem "
    "0;break-inside:avoid;overflow-x:auto}"
    ".pair{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem}section.v{border:1px solid "
    "#dbe3ea;border-radius:8px;padding:.4rem 1rem .8rem;"
    "margin:1rem 0;break-inside:avoid}section:target,tr:target{background:#fff8e1}nav{margin:.4rem 0 1rem}nav "
    "a{margin-right:1rem}"
    "footer{margin-top:3rem;border-top:1px solid #dbe3ea;padding-top:.6rem;overflow-wrap:anywhere}"
    "@media(max-width:40rem){body{padding:.8rem .8rem 2rem;font-size:14px}th,td{padding:.25rem .4rem}}"
    "@page{margin:12mm}@media "
    "print{body{font-size:9pt;max-width:none;padding:0;print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "nav{display:none}a{color:inherit;text-decoration:none}th,td{padding:.14rem "
    ".4rem}td.b{min-width:6.4rem}section.v{padding:.1rem .6rem;margin:.5rem 0}"
    "section.v "
    "svg{width:auto;max-height:104mm}section:target,tr:target{background:none}.wide,figure{overflow:visible}td "
    "svg{max-width:100%}"
    "footer{margin-top:1rem}tr,section.v{break-inside:avoid}thead{display:table-header-group}h2,h3,h2+p,h2+.sub{break-"
    "after:avoid}}";

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

void tfb_html_end(FILE *f, const char *command)
{
    fputs("<footer>Made by tfbind " PACKAGE_VERSION, f);
    if (command) {
        fputs(": <code>", f);
        tfb_xml_put(f, command);
        fputs("</code>", f);
    }
    fputs("</footer>\n</body>\n</html>\n", f);
}
