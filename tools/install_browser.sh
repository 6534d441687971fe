#!/bin/sh
# Make a Chromium available for the browser tests; they look for one of these names on the PATH.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then sudo="sudo"; fi
    $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium fonts-dejavu && exit 0
fi
echo "no Chromium found: install one (Debian: apt-get install chromium) to run the browser tests" >&2
exit 1
