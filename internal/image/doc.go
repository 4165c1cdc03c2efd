// Package image holds the words of the OCI world that the rest of basekeeper
// speaks in: references, digests, descriptors, platforms and manifests. It is
// the lowest floor: it imports nothing of ours, reads nothing and writes
// nothing.
//
// Spec: OCI image-spec v1.1 and distribution-spec v1.1.
package image
