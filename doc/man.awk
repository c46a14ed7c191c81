# man.awk - a manual page from a command's own usage text and, if there is one, a file of prose beside it.
#
#     tfbind annotate -h |
#         awk -f doc/man.awk name=tfbind-annotate what='...' date=2026-11-24 version=0.1.0 \
#             [all='tfbind(1), ...'] - [doc/man/annotate.md]
#
# So that no option can be in one and not in the other, OPTIONS is the usage text: its groups,
# options and explanations. The prose is Markdown of the plainest kind (# HEADING, paragraphs, code
# indented by four spaces, `- ` lists, `code`, **bold**); its DESCRIPTION goes below the usage
# text's, other headings become sections after OPTIONS.

function q(s) { # escapes roff
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    gsub(/~/, "\\(ti", s)
    gsub(/\^/, "\\(ha", s)
    gsub(/`/, "\\(ga", s)
    gsub(/'/, "\\(aq", s)
    return s
}
function line(s) { return s ~ /^[.']/ ? "\\&" s : s }
function say(s,   k) { # running text, in lines that diff well
    while (length(s) > 79) {
        for (k = 79; k > 0 && substr(s, k, 1) != " "; k--);
        if (k < 20) break
        print line(substr(s, 1, k - 1))
        s = substr(s, k + 1)
        sub(/^ +/, "", s)
    }
    print line(s)
}
function inlined(s,   out, m) { # `code` and **bold** in running text
    out = ""
    while (match(s, /`[^`]+`|\*\*[^*]+\*\*/)) {
        m = substr(s, RSTART, RLENGTH)
        marks = m ~ /^`/ ? 1 : 2
        out = out q(substr(s, 1, RSTART - 1)) "\\fB" q(substr(m, 1 + marks, length(m) - 2 * marks)) "\\fR"
        s = substr(s, RSTART + RLENGTH)
    }
    return out q(s)
}
function is_option(s) { return s ~ /^ +-(-[a-z]|[^ -])/ }
function flag_text(s) { # `-f, --file FILE`: flags bold, what they take italic
    s = q(s)
    gsub(/\\-\\-[A-Za-z0-9]([A-Za-z0-9]|\\-)*/, "\\fB&\\fR", s)
    if (match(s, /^\\-[^ ,\\]/)) s = "\\fB" substr(s, 1, RLENGTH) "\\fR" substr(s, RLENGTH + 1)
    if (match(s, /[ =[][A-Za-z0-9|[]+([^ ,]*)$/) && substr(s, RSTART, 1) == " ")
        s = substr(s, 1, RSTART) "\\fI" substr(s, RSTART + 1) "\\fR"
    return s
}

# ---- reading ----

FNR == 1 { file++ }
file == 1 { usage[++n] = $0; next }
/^# / { section = substr($0, 3); if (!(section in prose)) order[++n_sections] = section; prose[section] = ""; next }
section != "" { prose[section] = prose[section] $0 "\n" }

# ---- writing ----

function write_prose(text,   l, k, i, open, s) {
    k = split(text, l, "\n")
    open = 0
    for (i = 1; i <= k; i++) {
        s = l[i]
        if (s ~ /^    /) {
            if (!open) print (started ? ".PP\n" : "") ".nf\n.RS 4"
            open = 1
            started = 1
            print line(q(substr(s, 5)))
            continue
        }
        if (open && s == "" && l[i + 1] ~ /^    /) { print ""; continue }
        if (open) print ".RE\n.fi"
        if (open || s == "") pending = 1
        open = 0
        if (s == "") continue
        if (s ~ /^- /) print ".IP \\(bu 2"
        else if (pending && started) print ".PP"
        pending = 0
        started = 1
        sub(/^(- |  +)/, "", s)
        say(inlined(s))
    }
    if (open) print ".RE\n.fi"
}

# The usage text below its Usage line, from line i on: paragraphs outside the options, then groups of them.
function write_usage(options,   i, s, t, in_list, in_text, gap, at, d) {
    in_list = in_text = 0
    started = options ? 0 : started
    for (i = first; i <= n; i++) {
        s = usage[i]
        if (is_option(s)) {
            in_list = 1
            in_text = 0
            if (!options) continue
            sub(/^ +/, "", s)
            print ".TP"
            at = match(s, /  +/)
            # a single space parts a long flag from its explanation if the usage text had no room for more
            if (at) {
                d = substr(s, RSTART + RLENGTH)
                s = substr(s, 1, RSTART - 1)
            } else d = ""
            print line(flag_text(s))
            if (d != "") say(q(d))
            started = 1
        } else if (in_list && s ~ /^          /) {
            if (!options) continue
            sub(/^ +/, "", s)
            # a table inside an explanation keeps its lines
            if (s ~ /^[a-z0-9.-]+  +/) print ".br"
            say(q(s))
        } else if (s == "") {
            in_list = in_text = 0
        } else if (heads_options(i)) {
            in_text = 0
            in_list = 0
            if (!options) continue
            # a long heading is a remark on the options below it
            if (length(s) > 30) { print ".PP"; say(q(s)) }
            else print ".SS " q(s)
        } else if (!options) {
            in_list = 0
            if (s ~ /^ /) { # laid out by hand
                if (in_text != 2) print ".PP\n.nf"
                in_text = 2
                print line(q(s))
                if (usage[i + 1] !~ /^ / || is_option(usage[i + 1])) { print ".fi"; in_text = 0 }
                started = 1
                continue
            }
            if (!in_text && started) print ".PP"
            in_text = 1
            started = 1
            say(q(s))
        }
    }
}
function heads_options(i) { return usage[i] !~ /^ / && usage[i] != "" && is_option(usage[i + 1]) }

END {
    if (n == 0) { print "man.awk: no usage text" > "/dev/stderr"; exit 1 }
    first = 0
    for (i = 1; i <= n; i++) if (usage[i] ~ /^Usage: /) { at_usage = i; break }
    if (!at_usage) { print "man.awk: no Usage line in the text of " name > "/dev/stderr"; exit 1 }
    first = at_usage + 1
    print ".\\\" made from the usage text of the program and doc/man by doc/man.awk: edit those"
    printf ".TH \"%s\" 1 \"%s\" \"tfbind %s\" \"Bioinformatics tools\"\n", toupper(name), date, version
    sub(/\.$/, "", what)
    printf ".SH NAME\n%s \\- %s\n", q(name), q(what)
    print ".SH SYNOPSIS"
    for (i = at_usage; i <= n && (i == at_usage || usage[i] ~ /^ +[a-z]/) && !is_option(usage[i]); i++) {
        s = usage[i]
        sub(/^Usage: +|^ +/, "", s)
        if (i > at_usage) print ".br"
        if (s ~ /^tfbind [a-z]+ /) {
            match(s, /^tfbind [a-z]+/)
            print "\\fB" q(substr(s, 1, RLENGTH)) "\\fR" q(substr(s, RLENGTH + 1))
        } else print line(q(s))
        first = i + 1
    }
    print ".SH DESCRIPTION"
    started = 0
    for (i = 1; i < at_usage; i++)
        if (usage[i] != "") { say(q(usage[i])); started = 1 }
    pending = started
    n_options = 0
    for (i = first; i <= n; i++) if (is_option(usage[i])) n_options++
    if ("DESCRIPTION" in prose) { pending = 1; write_prose(prose["DESCRIPTION"]) }
    write_usage(0)
    if (n_options) { print ".SH OPTIONS"; write_usage(1) }
    for (k = 1; k <= n_sections; k++) {
        if (order[k] == "DESCRIPTION") continue
        print ".SH " q(order[k])
        started = pending = 0
        write_prose(prose[order[k]])
    }
    if (!("EXIT STATUS" in prose))
        print ".SH EXIT STATUS\n0 on success, 1 on failure, after a message on standard error."
    if (all != "") print ".SH SEE ALSO\n" all
}
