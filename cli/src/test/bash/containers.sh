#!/usr/bin/env bash
# Runs the built command in real containers, with what they give by default and less: 64 MiB of shared memory, a root that
# cannot be written, a user that the system does not know, no HOME, a locale that is not installed, few open files.
# Needs root, podman, runc and a checkout that is built; where that is not to be had, it says so and succeeds.
# A container's system is this one's /usr, so that nothing is downloaded.
set -euo pipefail

home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)
work=$(mktemp -d)
names=baton-test-$$
failures=0

finish() {
  local left
  left=$(podman ps -aq --filter "name=^$names" 2> /dev/null) && [ -z "$left" ] || podman rm -f $left > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

skip() {
  echo "containers: SKIPPED, nothing was tried: $1" >&2
  exit 0
}

[ "$(id -u)" = 0 ] || skip "only root can run them here"
command -v podman > /dev/null && command -v runc > /dev/null || skip "there is no podman, or no runc"
[ -L /bin ] && [ -L /lib ] || skip "this system's programs are not all in /usr"
[ -f "$home/cli/target/baton-cli.jar" ] || skip "nothing is built: run bin/baton once"
: "${JAVA_HOME:?names a JDK 25}"
jdk=$(readlink -f "$JAVA_HOME")

root=$work/root
mkdir -p "$root"/{usr,proc,sys,dev,etc,tmp,run,var/tmp,baton,jdk}
for name in bin sbin lib lib32 lib64; do
  if [ -L "/$name" ]; then ln -s "usr/$name" "$root/$name"; fi
done
cp -L /etc/ld.so.cache "$root/etc/" 2> /dev/null || true
cp -a /etc/alternatives "$root/etc/" 2> /dev/null || true
chmod 1777 "$root/tmp" "$root/var/tmp"

# container OPTIONS -- COMMAND: sets status, out, err. No variable is set but those that OPTIONS set, PATH and JAVA_HOME.
container() {
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  status=0
  timeout 180 podman run --rm --name "$names-$RANDOM" --runtime runc --network none \
    --ulimit nproc=2000:2000 --ulimit nofile=20000:20000 -v /usr:/usr:ro -v "$home:/baton:ro" -v "$jdk:/jdk:ro" \
    --unsetenv-all --env PATH=/usr/bin:/bin --env JAVA_HOME=/jdk "${options[@]}" --rootfs "$root" "$@" \
    > "$work/out" 2> "$work/err" < /dev/null || status=$?
  out=$(< "$work/out")
  err=$(< "$work/err")
}

# check NAME CONDITION...: the condition is a command.
check() {
  local name=$1
  shift
  if "$@"; then
    echo "containers: ok: $name"
  else
    echo "containers: FAILED: $name: status $status"
    printf '%s\n' "--- standard output" "$out" "--- standard error" "$err"
    failures=$((failures + 1))
  fi
}

succeeds() {
  [ "$status" = 0 ] && [[ $out == *"$1"* ]] && [ -z "$err" ]
}

one_sentence() {
  [ "$status" = "$1" ] && [ -z "$out" ] && [ "$(wc -l <<< "$err")" = 1 ] && [[ $err == "baton: "*"$2"* ]]
}

first=$(podman run --rm --name "$names-first" --runtime runc --network none \
  --ulimit nproc=2000:2000 --ulimit nofile=20000:20000 -v /usr:/usr:ro --rootfs "$root" true 2>&1) ||
  skip "podman cannot run a container: $(tail -1 <<< "$first")"

bare=(--read-only --user 12345:12345)
foreign=(env LC_ALL=de_XX.UTF-8)
# Not even a temporary directory.
barest=("${bare[@]}" --read-only-tmpfs=false)
demo=(/baton/bin/baton demo --json --kill 2@2 --max-tokens 4)
after='"$@"; status=$?; ls -A /dev/shm >&2; ls -A /tmp >&2; exit $status'

container -- bash -c "$after" - "${demo[@]}"
check "demo" succeeds '"same_as_unbroken":true'

container "${bare[@]}" -- bash -c "$after" - "${foreign[@]}" "${demo[@]}" --prompt "Añn, 世界"
check "demo, bare" succeeds "Añn, 世界"

container "${barest[@]}" -- "${foreign[@]}" "${demo[@]}"
check "demo, without a temporary directory" succeeds '"same_as_unbroken":true'

container "${bare[@]}" --tmpfs /tmp:noexec -- bash -c "$after" - "${foreign[@]}" "${demo[@]}" --processes --stages 2
check "demo in processes, bare" succeeds '"processes":true'

container --shm-size 1m -- "${demo[@]}"
check "demo, without shared memory" one_sentence 9 "--shm-size"

container -- /baton/bin/baton relay --listen 127.0.0.1:0 --socket /tmp/s --pool-size 65MiB
check "relay, too large a pool" one_sentence 9 "--pool-size"

# Podman itself would mend it.
container "${bare[@]}" -- bash -c "/baton/bin/baton demo --prompt \$'Gr\\xfc\\xdfe'"
check "a prompt that is not UTF-8" one_sentence 2 "not UTF-8"

model=/baton/demo-model/model
few=("${bare[@]}" --ulimit nofile=128:128)
for command in "demo" "serve --model $model --stage 1/1 --listen 127.0.0.1:0" \
  "relay --listen 127.0.0.1:0 --socket /tmp/s" "stage --model $model --stage 1/1 --relay unix:/tmp/s" \
  "generate --model $model --peers 127.0.0.1:1 x"; do
  # shellcheck disable=SC2086 # Words are what it is made of.
  container "${few[@]}" -- "${foreign[@]}" /baton/bin/baton $command
  check "${command%% *}, 128 open files" one_sentence 9 "128 files"
done

# Everything at once, and told to stop.
cat > "$root/baton.sh" <<'IN'
set -u
baton='env LC_ALL=de_XX.UTF-8 /baton/bin/baton'
model=/baton/demo-model/model
$baton serve --model $model --stage 1/2 --listen 127.0.0.1:7001 > /tmp/serve 2>&1 &
$baton relay --listen 127.0.0.1:7002 --socket /tmp/relay.sock > /tmp/relay 2>&1 &
$baton stage --model $model --stage 2/2 --relay unix:/tmp/relay.sock > /tmp/stage 2>&1 &
for i in $(seq 120); do
  if grep -q serves /tmp/serve && grep -q 'is attached' /tmp/stage; then break; fi
  sleep 0.5
done
for i in $(seq 5); do
  if $baton generate --model $model --peers 127.0.0.1:7001,127.0.0.1:7002 --max-tokens 8 $'Relay: Añn, Bo.\n'; then break; fi
done
kill -TERM $(jobs -p)
for job in $(jobs -p); do
  wait $job
  echo "ended with $?"
done
cat /tmp/serve /tmp/relay /tmp/stage | grep -v 'serves stage\|waits for a stage\|attache' >&2
rm /tmp/serve /tmp/relay /tmp/stage
ls -A /dev/shm /tmp | grep -v '^/\|^$' >&2
exit 0
IN
together() {
  [ "$status" = 0 ] && [ "$(grep -c 'ended with 143' <<< "$out")" = 3 ] && [ -z "$err" ]
}
container "${bare[@]}" -- bash /baton.sh
check "serve, relay, stage and generate, bare" together

[ "$failures" = 0 ] || exit 1
