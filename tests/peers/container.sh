#!/usr/bin/env bash
# Builds config/Containerfile, starts the image as the guide says, and looks whether it behaves.
#
#   tests/peers/container.sh                     the whole file: the release profile is built in the container (long)
#   tests/peers/container.sh BINARY [BASE.tar]   BINARY takes the place of the file's first stage, and a file system (for
#                                                example of mmdebstrap) that of Debian's image, where no registry is reached
#
# Needs podman (PODMAN="podman --root …" says how it is called, RUN="--ulimit …" what a run needs on this machine). Ends
# with 0 only if all is as it should be.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf 'container.sh: %s\n' "$*"; }
die() { say "FAILED: $*"; exit 1; }

read -ra podman <<<"${PODMAN:-podman}"
read -ra more <<<"${RUN:-}"
binary=${1:-} base=${2:-}
name=harvestd-trial-$$
work=$(mktemp -d)
clean() {
  "${podman[@]}" rm -f -v "$name" >/dev/null 2>&1 || true
  "${podman[@]}" volume rm -f "$name" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

build=(build --format docker -f config/Containerfile -t "$name" "${more[@]}")
if [ -n "$binary" ]; then
  mkdir -p "$work/first/out/etc/harvestd/"{sources,overrides} "$work/first/out/var/lib"
  install -D -s "$binary" "$work/first/out/usr/bin/harvestd"
  install -m 644 config/harvestd.toml "$work/first/out/etc/harvestd/harvestd.toml"
  install -d -o 10001 -g 10001 -m 700 "$work/first/out/var/lib/harvestd"
  build+=(--build-context "build=$work/first")
fi
if [ -n "$base" ]; then
  "${podman[@]}" import "$base" localhost/harvestd-trial-base >/dev/null 2>&1
  build+=(--build-arg DEBIAN=localhost/harvestd-trial-base)
fi
"${podman[@]}" "${build[@]}" . >"$work/built" 2>&1 || { tail -20 "$work/built"; die "the image could not be built"; }
say "built, $("${podman[@]}" image inspect "$name" --format '{{.Size}}') bytes"

mkdir -p "$work/etc/sources" "$work/etc/overrides"
sed 's|^public_url = .*|public_url = "http://127.0.0.1:18080/"|' config/harvestd.toml >"$work/etc/harvestd.toml"
chmod -R go+rX "$work/etc"
chmod go+x "$work"
# On the host's network: on the ports of the trial.
"${podman[@]}" run -d --name "$name" --network=host --read-only --cap-drop=all --security-opt=no-new-privileges "${more[@]}" \
  -v "$name:/var/lib/harvestd" -v "$work/etc:/etc/harvestd:ro" "$name" \
  serve --listen 127.0.0.1:18080 --admin-listen 127.0.0.1:18081 >/dev/null || die "it could not be started"
for _ in $(seq 300); do
  curl -fs http://127.0.0.1:18080/healthz >/dev/null && break
  sleep 0.1
done
curl -fs http://127.0.0.1:18080/healthz >/dev/null || { "${podman[@]}" logs "$name" | tail; die "nobody answers"; }
inside() { "${podman[@]}" exec "$name" "$@"; }
[ "$(inside id -u)" = 10001 ] || die "it runs as $(inside id -u)"
[ "$(inside sed -n 's/^CapEff:\t//p' /proc/1/status)" = 0000000000000000 ] || die "it has capabilities"
! inside touch /usr/bin/x 2>/dev/null || die "its root file system can be written to"
grep -q '"ready"' < <(inside harvestd status --json) || die "its commands do not find the daemon"
"${podman[@]}" healthcheck run "$name" || die "it is not healthy"
grep -q '^harvestd_read_only 0$' < <(curl -fs http://127.0.0.1:18080/metrics) || die "it cannot write its volume"
say "it runs as 10001 without capabilities, writes nothing but its volume, and is healthy"

began=$(date +%s)
"${podman[@]}" stop -t 60 "$name" >/dev/null
code=$("${podman[@]}" inspect "$name" --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || die "stopped, it ended with $code"
say "stopped in good order within $(($(date +%s) - began)) s. All is as it should be"
