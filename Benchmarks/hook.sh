#!/bin/sh
# hook.sh [FORGE] [FILES]: times `forge hook run` in a repository of so many files (100,000), beside `git status` there:
# with a source file staged, then with a manifest staged too; each alone, and with another source file edited but not
# staged.
set -eu
cd "$(dirname "$0")/.."
forge=$(realpath "${1:-.build/release/forge}")
files=${2:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 Benchmarks/monorepo.py "$work/repository" "$files"
cd "$work/repository"
git init --quiet
git add --all
git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit --quiet --message start
git ls-files >"$work/files"
source=$(grep -E '\.(py|tsx?)$' "$work/files" | head -1)
edited=$(grep -E '\.(py|tsx?)$' "$work/files" | tail -1)
manifest=$(grep -E '/(package.json|pyproject.toml|requirements.txt)$' "$work/files" | head -1)
measure() {
    for round in 1 2 3 4; do
        /usr/bin/time -f "%e s, %U+%S CPU s" git status --porcelain >/dev/null 2>"$work/git"
        /usr/bin/time -f "%e s, %U+%S CPU s, %M kB" "$forge" hook run >/dev/null 2>"$work/forge" || true
        [ "$round" = 1 ] || echo "$1: git status $(tail -1 "$work/git"); forge hook run $(tail -1 "$work/forge")"
    done
}
both() {
    measure "$1"
    echo "  " >>"$edited"
    measure "$1, another edited"
    git checkout --quiet -- "$edited"
}
echo "  " >>"$source"
git add "$source"
both "source"
echo "  " >>"$manifest"
git add "$manifest"
both "manifest"
