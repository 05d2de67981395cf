#!/bin/sh
# Builds the packages in /build into /pool and lists what is there; run in a container of the dnf hosts' image.
set -eu
for spec in /build/*.spec; do
    [ -e "$spec" ] || continue
    rpmbuild --quiet -bb --define "_topdir /tmp/rpm" --define "_buildhost lab" \
        --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" "$spec"
done
[ ! -d /tmp/rpm/RPMS ] || mv /tmp/rpm/RPMS/*/*.rpm /pool
createrepo_c --quiet /pool
chmod -R a+rX /pool
