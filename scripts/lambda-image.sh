#!/usr/bin/env bash
# Makes sure that `sam local` has its base image: the public one if it can be pulled, otherwise a substitute with its tag.
set -euo pipefail

ARCHITECTURE=${1:-x86_64}
TAG="public.ecr.aws/lambda/provided:al2023-${ARCHITECTURE}"
DEBIAN_PACKAGES=(busybox-static libc6 libgcc-s1 ca-certificates)

main() {
  if docker image inspect "$TAG" >/dev/null 2>&1; then
    echo "base image: $TAG is present"
  elif timeout 60 docker pull --quiet "$TAG" >/dev/null 2>&1; then
    echo "base image: pulled $TAG"
  else
    build_stand_in
    echo "base image: $TAG cannot be pulled; a substitute made of ${DEBIAN_PACKAGES[*]} was imported with that tag"
  fi
}

# Makes a root file system from a few Debian packages. A custom runtime needs the C library and little else.
build_stand_in() (
  command -v apt-get >/dev/null || {
    echo "error: $TAG cannot be pulled, and a substitute needs Debian packages; run this with internet access or on Debian" >&2
    exit 1
  }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  root="$work/root"
  mkdir -p "$root"/{bin,dev,etc,opt,proc,sys,tmp,var/task,var/runtime} "$work/packages"
  chmod 1777 "$root/tmp" "$work/packages"
  cd "$work/packages"
  apt-get download --quiet=2 "${DEBIAN_PACKAGES[@]}"
  for package in ./*.deb; do
    dpkg-deb --extract "$package" "$root"
  done
  link_applets "$root"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  tar --create --directory "$root" . | docker import --change 'WORKDIR /var/task' - "$TAG" >/dev/null
)

# sam starts the function through a shell.
link_applets() {
  local root=$1 applet
  for applet in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
}

main
