// Package registry asks OCI registries what tags point at, reads, writes and
// deletes manifests, and lists tags and referrers.
//
// The protocol is go-containerregistry's; around it stand small decorators of
// http.RoundTripper, from the outside in: redirects and Authorization
// (session.go), retries (retry.go), requests in flight (limit.go), the deadline
// and size of one exchange (exchange.go), counting (count.go), and what may be
// sent where (base.go). Every answer that passes them is small and read whole,
// so that a truncated body is an error of its attempt and is retried.
//
// Messages never name the reference (the caller does, once) and never hold a
// secret: of a registry's own answer only status and error code are repeated.
//
// Spec: OCI distribution-spec v1.1.
package registry
