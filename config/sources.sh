#!/usr/bin/env bash
# What is built, by content: the build writes down of which sources it is, so that a copy, whose times are others, need not
# be built again, and whoever cannot build is told why it would be needed.
#   begin        before anything is compiled: writes down what there is
#   end          everything is built: what was written down holds
#   unchanged    succeeds if what is built is of the sources that there are
#   difference   says in part of a sentence which source is another one
set -euo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.."
begun=target/sources.sha256
built=cli/target/sources.sha256

# Directories, too: their times tell what has been added or removed.
selected() {
  find . \( -name target -o -name .git -o -path ./examples -o -path '*/src/test' \) -prune -o \
    \( -name '*.java' -o -name '*.proto' -o -name pom.xml -o -path '*/src/main/resources/*' -o -type d \) \
    "$@"
}

sums() {
  selected -type f -print0 | sort -z | xargs -0 sha256sum
}

case ${1:-} in
  begin)
    mkdir -p target
    sums > "$begun"
    ;;
  end)
    # With its time: what has been changed since then is newer.
    if [ -f "$begun" ]; then cp -p "$begun" "$built"; fi
    ;;
  unchanged)
    [ -f "$built" ] || exit 1
    [ -n "$(selected -newer "$built" -print -quit)" ] || exit 0
    now=$(date +%s.%N)
    [ "$(sums)" = "$(< "$built")" ] || exit 1
    # Not so long the next time.
    touch -c -d "@$now" "$built" 2> /dev/null || true
    ;;
  difference)
    if ! [ -f "$built" ]; then
      echo "nobody knows of which sources what is built was built"
      exit
    fi
    changed=$(grep -vxFf "$built" <(sums) | head -1) || true
    gone=$(grep -vxFf <(sums) "$built" | head -1) || true
    if [ -n "$changed" ]; then
      echo "${changed#*  ./} is not as it was built"
    else
      echo "${gone#*  ./} was built and is gone"
    fi
    ;;
  *)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
