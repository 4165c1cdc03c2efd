// Package hosted lists and deletes through the registries' own APIs, where
// these know or can do more than the OCI API: when a tag was moved, which
// manifests have no tag, how one tag goes without the others of its digest.
//
// [Choose] says by host or configuration which [Family] a registry is of,
// [Probe] asks an unknown one, and [New] makes the client. What is of no family
// is plain OCI, and no matter of this package.
package hosted
