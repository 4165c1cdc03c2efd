// Package retention decides which tags and manifests of a repository may go.
//
// Facts go in, a verdict with its reason comes out for every tag and for every
// untagged manifest that is known. Nothing that is reachable from something
// kept is ever deleted, and what is not known keeps.
package retention
