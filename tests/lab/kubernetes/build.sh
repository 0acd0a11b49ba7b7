#!/bin/sh
# Build the programs of a Kubernetes cluster from Debian's source package, in the folder that this is run in.
# It holds the files of that package (kubernetes_*.dsc and what belongs to it) and the packages golang-*.deb with the
# compiler; nothing is installed, nothing outside of this folder is written. What was built lies in ./bin.
# $1: the version that the programs shall say of themselves, like 1.20.2
set -eu
version=$1
here=$(pwd)
say() { echo "$(date +%T) $*"; }

say "unpacking"
for deb in golang-*.deb; do
    dpkg-deb --extract "$deb" compiler
done
mkdir -p go/src/k8s.io home tmp bin
tree=go/src/k8s.io/kubernetes
dpkg-source --no-check -q --extract kubernetes_*.dsc "$tree"

GOROOT=$(echo "$here"/compiler/usr/lib/go-*)
PATH=$GOROOT/bin:$PATH
HOME=$here/home TMPDIR=$here/tmp GOPATH=$here/go GOCACHE=$here/home/cache
GO111MODULE=off GOFLAGS='' GOENV=off CGO_ENABLED=0
export GOROOT PATH HOME TMPDIR GOPATH GOCACHE GO111MODULE GOFLAGS GOENV CGO_ENABLED
cd "$tree"

# Debian removes what can be generated. The API server can't be compiled without its OpenAPI definitions.
say "generating the OpenAPI definitions"
go build -p 2 -o "$here/tmp/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
packages=$(
    grep --dereference-recursive --files-with-matches --include='*.go' '+k8s:openapi-gen=' cmd pkg plugin vendor/k8s.io |
        grep -v -e '^vendor/k8s.io/code-generator/' -e '^vendor/k8s.io/sample-apiserver/' -e '^vendor/k8s.io/kube-openapi/' |
        xargs -n1 dirname | LC_ALL=C sort -u | sed 's,^,k8s.io/kubernetes/,' | paste -sd,
)
"$here/tmp/openapi-gen" --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi \
    -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt \
    -r "$here/tmp/violations" --output-base "$here/go/src"

# Without the SDKs of cloud providers, half of all the code, and without the adapter for Docker: neither the volumes'
# API nor their binding depends on them.
tags=providerless,dockerless
flags='-s -w'
for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
    minor=${version#*.}
    flags="$flags -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*} -X $package.gitMinor=${minor%%.*}"
done
for program in kube-controller-manager kube-apiserver kube-scheduler kubelet; do
    say "building $program"
    go build -p 2 -tags "$tags" -ldflags "$flags" -o "$here/bin/$program" "./cmd/$program"
done
say "done"
