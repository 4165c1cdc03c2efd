// Package artifact keeps basekeeper's own artifacts in a registry: the ledger
// of a repository under one tag, and what was deleted under a tag for each
// deletion.
//
// Each is an OCI image manifest with an artifact type, whose configuration is
// the JSON of package ledger or trash: two requests read it. Registries want at
// least one layer and keep what layers name.
//
// Spec: OCI image-spec v1.1, manifest.md, "Guidelines for Artifact Usage".
package artifact
