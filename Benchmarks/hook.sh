#!/bin/sh
# hook.sh [FORGE] [FILES]: times `forge hook run` in a repository of so many files (100,000), beside `git status` there:
# with a file staged, then also with another file edited and not staged.
set -eu
cd "$(dirname "$0")/.."
forge=$(realpath "${1:-.build/release/forge}")
files=${2:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 Benchmarks/monorepo.py "$work/repository" "$files"
cd "$work/repository"
git init --quiet
git -c core.fsync=none add --all
git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit --quiet --message start
set -- $(git ls-files | grep '\.py$' | head -2)
echo "# staged" >>"$1"
git add "$1"
measure() {
    for round in 1 2 3 4 5; do
        /usr/bin/time -f "%e s  %U+%S CPU s  %M kB" git status --porcelain >/dev/null 2>"$work/git"
        /usr/bin/time -f "%e s  %U+%S CPU s  %M kB" "$forge" hook run >/dev/null 2>"$work/forge"
        [ "$round" = 1 ] || echo "$1: git status $(tail -1 "$work/git"); forge hook run $(tail -1 "$work/forge")"
    done
}
measure "nothing unstaged"
echo "# edited" >>"$2"
measure "a file edited"
