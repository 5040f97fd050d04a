#!/usr/bin/env bash
# Makes the Debian package, installs it, starts the daemon with what it installed, removes and purges it again.
#
#   tests/peers/deb.sh [BINARY]       BINARY is what is packed (default: target/debug/harvestd), so nothing is built
#
# Needs root on a Debian that may be changed: a container, a virtual machine. It refuses where harvestd is installed. Where
# systemd runs, the unit is started; else its ExecStartPre and ExecStart, as an unprivileged user in the unit's data
# directory. Ends with 0 only if all is as it should be.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf 'deb.sh: %s\n' "$*"; }
die() { say "FAILED: $*"; exit 1; }

binary=${1:-${CARGO_TARGET_DIR:-target}/debug/harvestd}
[ "$(id -u)" -eq 0 ] || die "root is needed to install a package"
! dpkg -s harvestd >/dev/null 2>&1 || die "harvestd is installed here already"
[ ! -e /etc/harvestd ] && [ ! -e /var/lib/harvestd ] || die "/etc/harvestd or /var/lib/harvestd is there already"

work=$(mktemp -d)
pid=
clean() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  dpkg --purge harvestd >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

BINARY=$binary scripts/deb.sh >"$work/made" 2>&1 || { cat "$work/made"; die "the package could not be made"; }
package=$(sed -n 's/^deb: install it with: apt install //p' "$work/made")
say "made $(basename "$package"), $(stat -c %s "$package") bytes, $(dpkg-deb --contents "$package" | wc -l) entries"
if command -v lintian >/dev/null; then
  grep -E '^[EW]: ' "$work/made" && die "lintian has something to say"
  say "lintian has nothing to say"
fi
first=$(sha256sum <"$package")
BINARY=$binary LINTIAN=no scripts/deb.sh >/dev/null 2>&1
[ "$first" = "$(sha256sum <"$package")" ] || die "made twice, the package has other bytes"

dpkg -i "$package" >"$work/installed" || { cat "$work/installed"; die "it could not be installed"; }
grep -q 'public_url' "$work/installed" || die "nobody is told about public_url"
[ "$(dpkg-query -W -f='${Status}' harvestd)" = "install ok installed" ] || die "it is not installed"
say "installed"

cd "$work"
harvestd check-config >/dev/null || die "the installed configuration is refused, or not found without --config"
man --warnings -E UTF-8 -l "/usr/share/man/man1/harvestd-held-approve.1.gz" >"$work/page" 2>"$work/warned"
grep -q 'harvestd-held-approve' "$work/page" && [ ! -s "$work/warned" ] || die "man: $(cat "$work/warned")"
# bash is asked as a person asks it, by a key.
bash -c 'source /usr/share/bash-completion/completions/harvestd; COMP_WORDS=(harvestd held ap); COMP_CWORD=2
  _harvestd harvestd ap held; printf "%s\n" "${COMPREPLY[@]}"' | grep -qx approve || die "bash completes nothing"
! command -v zsh >/dev/null || zsh -n /usr/share/zsh/vendor-completions/_harvestd || die "zsh does not read its file"
! command -v fish >/dev/null || fish -c 'complete -C "harvestd held ap"' | grep -q '^approve' || die "fish completes nothing"
say "the configuration, a manual page and the shells' completions are as they should be"

unit=/lib/systemd/system/harvestd.service
cp /usr/share/doc/harvestd/examples/sources/depositar.toml /etc/harvestd/sources/
# Nobody is to be asked in a trial.
sed -i 's/^schedule = .*/enabled = false/' /etc/harvestd/sources/depositar.toml
if [ -d /run/systemd/system ]; then
  systemctl start harvestd
  say "systemd has started it as $(systemctl show -p User -p DynamicUser --value harvestd | paste -sd' ')"
else
  run() { # what follows key= in the unit, as nobody, with the unit's environment
    local line
    line=$(sed -n "s/^$1=//p" "$unit")
    # shellcheck disable=SC2046,SC2086
    exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all \
      env -i PATH=/usr/bin $(sed -n 's/^Environment=//p' "$unit") $line
  }
  install -d -o 65534 -g 65534 -m 700 /var/lib/harvestd
  (run ExecStartPre) >/dev/null || die "ExecStartPre fails"
  (cd /var/lib/harvestd && run ExecStart) >"$work/out" 2>"$work/log" &
  pid=$!
  say "no systemd here: the unit's ExecStart runs as nobody"
fi
for _ in $(seq 300); do
  curl -fs http://127.0.0.1:8080/healthz >/dev/null && break
  [ -z "$pid" ] || kill -0 "$pid" 2>/dev/null || { cat "$work/log"; die "the daemon ended"; }
  sleep 0.1
done
curl -fs http://127.0.0.1:8080/healthz >/dev/null || die "nobody answers"
grep -q '"id":"depositar"' < <(harvestd status --json) || die "status, without any option, does not know the source"
[ "$(stat -L -c %a /var/lib/harvestd)" = 700 ] || die "the data directory is open to others"
grep -q '^harvestd_read_only 0$' < <(curl -fs http://127.0.0.1:8080/metrics) || die "the daemon cannot write"
say "it runs, answers, and is found by its commands without any option"

if [ -d /run/systemd/system ]; then
  systemctl stop harvestd
else
  kill "$pid"
  wait "$pid" || die "it did not end in good order"
  pid=
fi
# What an operator changed is asked about, never overwritten: here an upgrade to the same version.
echo '# mine' >>/etc/harvestd/harvestd.toml
dpkg -i "$package" >/dev/null </dev/null 2>&1
grep -qx '# mine' /etc/harvestd/harvestd.toml || die "the operator's configuration was overwritten"
dpkg --remove harvestd >/dev/null 2>&1
[ -e /etc/harvestd/harvestd.toml ] && [ -n "$(ls -A /var/lib/harvestd/)" ] || die "removing it took what was kept"
[ ! -e /usr/bin/harvestd ] && [ ! -e "$unit" ] || die "removing it left the program"
dpkg --purge harvestd >/dev/null 2>&1
[ ! -e /etc/harvestd ] && [ ! -e /var/lib/harvestd ] && [ ! -e /var/lib/private/harvestd ] || die "a purge left something"
say "upgraded, removed, purged: nothing is left. All is as it should be"
