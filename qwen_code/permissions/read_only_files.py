"""Commands that only read files, as data; each entry carries its own examples, which are tests.

Left out on purpose: less, more and man (pagers run commands), tee, and every interpreter.
"""

from __future__ import annotations

from qwen_code.permissions import read_only_checks as checks
from qwen_code.permissions.command_options import Options
from qwen_code.permissions.name_tables import examples
from qwen_code.permissions.read_only_entries import ReadOnly, files, names, words

_ANY = Options(any=True)
"""No option does harm. Which of them take values need not be known: a value is judged as a file then."""
_SORT = Options(
    "bdfghiMnRrVcCmsuz",
    "ktS",
    """
    ignore-leading-blanks dictionary-order ignore-case general-numeric-sort human-numeric-sort
    numeric-sort reverse unique version-sort month-sort random-sort stable check merge zero-terminated
    """,
    "key field-separator buffer-size parallel sort",
)
_TREE = Options(
    "adfixnsDhpugFCNqQAr",
    "LIP",
    "dirsfirst noreport prune inodes device du si gitignore metafirst",
    "filelimit charset",
)
_DIFF = Options(
    "abBcdeEHiNnprqstTuwyZ",
    "CUxSWFILX",
    """
    normal brief report-identical-files recursive new-file unified context side-by-side ignore-case
    ignore-space-change ignore-all-space ignore-blank-lines text minimal color no-dereference
    suppress-common-lines strip-trailing-cr left-column
    """,
    "exclude width label ignore-matching-lines exclude-from starting-file",
    "X exclude-from",
)

FILE_COMMANDS: tuple[ReadOnly, ...] = (
    ReadOnly(
        "cat tac nl rev",
        files(_ANY),
        ("cat -n a.py b.py", "tac x", "cat"),
    ),
    ReadOnly(
        "head tail",
        files(Options(valued="cn", long_valued="lines bytes pid sleep-interval", any=True)),
        ("head -20 a", "tail -n 5 a", "head -c 3 a", "tail -f log"),
    ),
    ReadOnly(
        "wc",
        files(Options(files="files0-from", any=True)),
        ("wc -l *.py",),
    ),
    ReadOnly(
        "ls dir vdir",
        names(_ANY),
        ("ls -la src", "ls *.py", "ls"),
    ),
    ReadOnly(
        "stat du df",
        names(_ANY),
        ("stat -c %s a", "du -sh .", "df -h"),
    ),
    ReadOnly(
        "realpath readlink",
        names(_ANY),
        ("realpath a", "readlink -f a"),
    ),
    ReadOnly(
        "tree",
        names(_TREE),
        ("tree -L 2 src", "tree -a -I node_modules"),
        ("tree -o x", "tree -R -H . -L 2"),
    ),
    ReadOnly(
        "file",
        names(Options("bhikLspr", "F", "brief mime mime-type mime-encoding", "")),
        ("file a.bin", "file --mime-type a"),
        ("file -C -m magic", "file -f list"),
    ),
    ReadOnly(
        "cut",
        files(
            Options(valued="bcdf", long_valued="bytes characters delimiter fields output-delimiter", any=True)
        ),
        ("cut -d / -f 2 a", "cut -c1-3"),
    ),
    ReadOnly(
        "tr",
        words(_ANY),
        examples(
            r"""
            tr a-z A-Z
            tr -d '\n'
            """
        ),
    ),
    ReadOnly(
        "paste",
        files(Options(valued="d", long_valued="delimiters", any=True)),
        ("paste -s -d / a b",),
    ),
    ReadOnly(
        "join",
        files(Options(valued="t", any=True)),
        ("join -t / a b",),
    ),
    ReadOnly(
        "column",
        files(Options(valued="s", long_valued="separator output-separator", any=True)),
        ("column -t -s / a",),
    ),
    ReadOnly(
        "comm fold fmt expand unexpand pr",
        files(_ANY),
        ("fold -w 80 a", "comm -12 a b"),
    ),
    ReadOnly(
        "sort",
        files(_SORT),
        ("sort a", "sort -t, -k2,2n a", "sort -rn", "sort --reverse a"),
        examples(
            """
            sort -o a a
            sort --output=x a
            sort --outp=x a
            sort --compress-program=sh a
            sort -T /x a
            sort *
            """
        ),
    ),
    ReadOnly(
        "uniq",
        files(Options("cdiuDz", "fsw", "count repeated ignore-case unique"), most=1),
        ("uniq -c a", "uniq"),
        ("uniq a b", "uniq *"),
    ),
    ReadOnly(
        "diff",
        files(_DIFF),
        ("diff -u a b", "diff -r a b"),
        ("diff -l a b", "diff --paginate a b"),
    ),
    ReadOnly(
        "cmp",
        files(_ANY),
        ("cmp a b",),
    ),
    ReadOnly(
        "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum",
        files(_ANY),
        ("sha256sum a",),
    ),
    ReadOnly(
        "od",
        files(_ANY),
        ("od -c a",),
    ),
    ReadOnly(
        "hexdump hd",
        files(Options(valued="f", files="f", any=True)),
        ("hexdump -C a", "hexdump -f b a"),
    ),
    ReadOnly(
        "xxd",
        checks.xxd,
        ("xxd a", "xxd -l 16 a"),
        ("xxd a b", "xxd -r a", "xxd -r a b", "xxd -ps -r a"),
    ),
    ReadOnly(
        "strings",
        files(_ANY),
        ("strings -n 8 a",),
    ),
    ReadOnly(
        "base64 base32",
        files(Options("dDi", "w", "decode ignore-garbage wrap", "wrap")),
        ("base64 -d a",),
        ("base64 -o x a", "base64 --output x a"),
    ),
    ReadOnly(
        "grep egrep fgrep",
        checks.grep,
        ("grep -rn 'def main' src", "grep -e a -e b f", "grep -c x"),
    ),
    ReadOnly(
        "rg",
        checks.rg,
        ("rg -n foo src", "rg --files", "rg -g '*.py' x"),
        ("rg --pre sh x", "rg --pre=sh x", "rg -z x", "rg --hostname-bin=x y"),
    ),
    ReadOnly(
        "find",
        checks.find,
        examples(
            """
            find . -name '*.py' -not -path './venv/*'
            find src -type f -size +10k -maxdepth 3
            find . -name *.py
            """
        ),
        examples(
            r"""
            find . -delete
            find . -exec id \;
            find . -execdir id \;
            find . -ok rm {} \;
            find . -fprint x
            find . -fls x
            find . -name *
            """
        ),
    ),
    ReadOnly(
        "sed",
        checks.sed,
        examples(
            """
            sed -n 1,5p a
            sed 's/a/b/g' a
            sed -n '/x/{p;q}' a
            sed -e 1d -e '$d' a
            sed -n '$=' a
            """
        ),
        examples(
            """
            sed -i s/a/b/ a
            sed -n 'w out' a
            sed 's/a/b/w out' a
            sed 's/a/id/e' a
            sed 1e a
            sed -f s a
            sed --in-place s/a/b/ a
            sed '1r /etc/passwd' a
            sed -ni p a
            sed -n p -i a
            """
        ),
    ),
    ReadOnly(
        "awk gawk mawk nawk",
        checks.awk,
        examples(
            """
            awk '{print $1}' a
            awk -F: '$3 > 5' a
            awk 'NR==2 || /x/' a
            awk -v n=3 'NR<=n' a
            """
        ),
        examples(
            """
            awk 'BEGIN{system("id")}'
            awk '{print > "out"}' a
            awk -f x.awk a
            awk '{print | "sh"}' a
            awk 'BEGIN{"id" | getline x}'
            awk 'BEGIN{print ENVIRON["K"]}'
            awk -i inplace 1 a
            awk --file=x a
            """
        ),
    ),
    ReadOnly(
        "jq",
        checks.jq,
        ("jq . a.json", "jq -r '.a[] | .b' a.json"),
        examples(
            """
            jq -n env
            jq -n '$ENV.K'
            jq -L . x a
            jq -f f a
            jq --rawfile a b .
            """
        ),
    ),
    ReadOnly(
        "unzip",
        checks.listing("lvqZ1h"),
        ("unzip -l a.zip", "unzip -Z1 a.zip"),
        ("unzip a.zip", "unzip -o a.zip", "unzip -p a.zip"),
    ),
    ReadOnly(
        "gzip xz zstd",
        checks.listing("lv"),
        ("gzip -l a.gz", "gzip -lv a.gz"),
        ("gzip a", "gzip -d a.gz", "gzip -v a"),
    ),
    ReadOnly("zipinfo", files(Options("12smlvhtz")), ("zipinfo a.zip", "zipinfo -1 a.zip")),
    ReadOnly(
        "tar",
        checks.tar,
        ("tar tf a.tar", "tar -tzvf a.tgz"),
        ("tar xf a.tar", "tar tf h:a", "tar tf a --to-command=sh", "tar -tf a -I sh"),
    ),
)
