#!/usr/bin/env bash
# Makes the Debian package: target/package/harvestd_VERSION_ARCH.deb. `make deb` calls it.
#
#   BINARY=path scripts/deb.sh     a binary that is there already, for trials; without it the release profile is built
#
# Stages the files under target/package/root and packs them with dpkg-deb; no other tool of Debian's is needed. The same
# checkout and the same binary give the same bytes: times are those of the last commit.
# MAINTAINER is the address that the package names; LINTIAN=no leaves lintian out.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'deb: %s\n' "$*" >&2; }

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
built=${CARGO_TARGET_DIR:-target}
binary=${BINARY:-$built/release/harvestd}
out=$built/package
root=$out/root
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
arch=$(dpkg --print-architecture)

if [ -z "${BINARY:-}" ]; then
  say "building the release profile (RocksDB is compiled once more, for this profile)"
  cargo build --release --locked --bin harvestd
fi

rm -rf "$root"
umask 022
mkdir -p "$root"

put() { # mode, from, to
  install -D -m "$1" "$2" "$root$3"
}

stage_program() {
  put 755 "$binary" /usr/bin/harvestd
  strip --strip-unneeded --remove-section=.comment "$root/usr/bin/harvestd"
  "$binary" man "$root/usr/share/man/man1"
  gzip -9n "$root"/usr/share/man/man1/*.1
  local shells=$root/usr/share
  mkdir -p "$shells/bash-completion/completions" "$shells/zsh/vendor-completions" "$shells/fish/vendor_completions.d"
  "$binary" completions bash >"$shells/bash-completion/completions/harvestd"
  "$binary" completions zsh >"$shells/zsh/vendor-completions/_harvestd"
  "$binary" completions fish >"$shells/fish/vendor_completions.d/harvestd.fish"
}

# The annotated configuration with the data directory of the unit; the sources that we know of are examples: what is
# asked is for the operator to say.
stage_configuration() {
  mkdir -p "$root/etc/harvestd/sources" "$root/etc/harvestd/overrides"
  sed 's|^#data_dir = "data"$|data_dir = "/var/lib/harvestd"|' config/harvestd.toml >"$root/etc/harvestd/harvestd.toml"
  grep -q '^data_dir = "/var/lib/harvestd"$' "$root/etc/harvestd/harvestd.toml" || {
    say "config/harvestd.toml has no line #data_dir any more"
    exit 1
  }
  put 644 config/harvestd.service /lib/systemd/system/harvestd.service
  sed -i '/^# A systemd unit/,/^#   cp config/d' "$root/lib/systemd/system/harvestd.service"
}

stage_documents() {
  local doc=$root/usr/share/doc/harvestd file
  mkdir -p "$doc/docs" "$doc/examples"
  install -m 644 README*.md CHANGELOG.md "$doc"
  install -m 644 docs/*.md "$doc/docs"
  cp -r config/sources config/overrides config/queries config/grafana.json config/prometheus-alerts*.yml config/nginx.conf config/Caddyfile "$doc/examples"
  find "$doc/examples" -type f -exec chmod 644 {} +
  sed "s/@DATE@/$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y)/" scripts/deb/copyright >"$doc/copyright"
  printf 'harvestd (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md beside this file.\n\n -- harvestd maintainers <%s>  %s\n' \
    "$version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
  find "$doc" -name '*.md' -size +4k -exec gzip -9n {} +
}

# What the binary links against, by Debian's own tool where it is there.
depends() {
  local found=
  if command -v dpkg-shlibdeps >/dev/null; then
    local work
    work=$(mktemp -d)
    mkdir -p "$work/debian"
    printf 'Source: harvestd\n\nPackage: harvestd\nArchitecture: any\n' >"$work/debian/control"
    found=$(cd "$work" && dpkg-shlibdeps -O "$1" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
    rm -rf "$work"
  fi
  printf '%s' "${found:-libc6, libgcc-s1, libstdc++6}"
}

stage_control() {
  local control=$root/DEBIAN script
  mkdir -p "$control"
  for script in postinst prerm postrm; do
    install -m 755 "scripts/deb/$script" "$control/$script"
  done
  printf '/etc/harvestd/harvestd.toml\n' >"$control/conffiles"
  local size needs
  size=$(du -k -s --apparent-size --exclude=DEBIAN "$root" | cut -f1)
  needs=$(depends "$(realpath "$root/usr/bin/harvestd")")
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" -e "s/@MAINTAINER@/$maintainer/" \
    -e "s/@DEPENDS@/$needs/" scripts/deb/control >"$control/control"
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$control/md5sums"
}

maintainer=${MAINTAINER:-harvestd@example.org}
stage_program
stage_configuration
stage_documents
stage_control
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference -d "@$SOURCE_DATE_EPOCH" {} +
package=$out/harvestd_${version}_$arch.deb
dpkg-deb --root-owner-group --build "$root" "$package" >&2
say "install it with: apt install $(realpath "$package")"
if [ "${LINTIAN:-yes}" = yes ] && command -v lintian >/dev/null; then
  lintian --allow-root "$package"
fi
