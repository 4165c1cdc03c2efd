// Package trash is how deleted manifests are kept for a while: an OCI artifact
// in the same repository whose configuration blob is a journal of what was
// deleted, and whose layers are the saved bytes of the deleted manifests and
// every configuration and layer that they name, so that the registry's garbage
// collection leaves those alone.
package trash
